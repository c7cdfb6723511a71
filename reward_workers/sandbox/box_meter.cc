#include "reward_workers/sandbox/box_meter.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "reward_workers/sandbox/cgroup_files.h"

namespace cohort {
namespace {

using std::chrono::microseconds;

constexpr microseconds kCountedLook{50'000};
constexpr microseconds kSampledLook{10'000};
constexpr microseconds kSoonest{2'000};

int Processors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(1, CPU_COUNT(&set)) : 1;
}

// Of all children that were waited for, theirs too. (User time and system time.)
microseconds Ended() {
  rusage usage = {};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto value = [](const timeval& time) {
    return microseconds(int64_t{time.tv_sec} * 1'000'000 + time.tv_usec);
  };
  return value(usage.ru_utime) + value(usage.ru_stime);
}

// The CPU clock of a process, by its number.
microseconds Running(pid_t pid) {
  const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(pid) << 3) | 2);
  timespec time = {};
  if (clock_gettime(clock, &time) != 0) return {};
  return microseconds(int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000);
}

std::string Proc(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

// A line of /proc/…/stat (proc(5)); zeros once the process is gone.
struct ProcessFigures {
  microseconds children{};  // that it waited for, theirs too
  int threads = 0;
  uint64_t resident = 0;  // bytes
};

ProcessFigures FiguresOf(pid_t pid) {
  const std::string text = ReadControlFile(Proc(pid, "stat"));
  size_t at = text.rfind(')');  // its name may hold anything
  ProcessFigures figures;
  for (int field = 3; field <= 24 && at != std::string::npos; ++field) {
    at = text.find(' ', at + 1);
    if (at == std::string::npos) break;
    const uint64_t value = std::strtoull(text.c_str() + at, nullptr, 10);
    if (field == 16 || field == 17) {
      figures.children +=
          microseconds(value * 1'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)));
    } else if (field == 20) {
      figures.threads = static_cast<int>(value);
    } else if (field == 24) {
      figures.resident = value * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    }
  }
  return figures;
}

uint64_t SharedFairly(pid_t pid) {
  const std::string text = ReadControlFile(Proc(pid, "smaps_rollup"));
  constexpr char kWord[] = "\nPss:";
  const size_t at = text.find(kWord);
  if (at == std::string::npos) return 0;
  return std::strtoull(text.c_str() + at + sizeof(kWord) - 1, nullptr, 10) << 10;
}

bool IsFull(const char* folder) {
  struct statvfs disk = {};
  if (statvfs(folder, &disk) != 0) return false;
  return disk.f_bavail == 0 || disk.f_favail == 0;
}

}  // namespace

BoxMeter::BoxMeter(const BoxPlan& plan)
    : limits_(plan.spec.limits), cgroup_(plan.cgroup), processors_(Processors()) {}

void BoxMeter::Sample() {
  Count();
  SampleProcesses();
  peak_ = std::max(peak_, memory_);
}

void BoxMeter::Count() {
  disk_full_ = disk_full_ || IsFull("/work");
  cpu_ = counts_cpu() ? microseconds(cgroup_->CpuNanoseconds() / 1000) : std::max(cpu_, Ended());
  if (counts_memory()) {
    memory_ = cgroup_->MemoryHeld();
    memory_exceeded_ = memory_exceeded_ || memory_ > limits_.memory || cgroup_->Kills() > 0;
  }
  if (counts_processes()) process_refused_ = process_refused_ || cgroup_->Refusals() > 0;
}

void BoxMeter::SampleProcesses() {
  std::vector<pid_t> pids;
  if (DIR* folder = opendir("/proc")) {
    while (const dirent* entry = readdir(folder)) {
      const pid_t pid = std::atoi(entry->d_name);
      if (pid > 1) pids.push_back(pid);
    }
    closedir(folder);
  }
  microseconds cpu = Ended();
  uint64_t memory = 0;
  int tasks = 0;
  for (const pid_t pid : pids) {
    const ProcessFigures figures = FiguresOf(pid);
    cpu += Running(pid) + figures.children;
    memory += figures.resident;
    tasks += figures.threads;
    struct stat files = {};
    // Its size is the number of open descriptors (Linux 6.2).
    if (stat(Proc(pid, "fd").c_str(), &files) == 0 && files.st_size >= limits_.open_files) {
      files_exhausted_ = true;
    }
  }
  if (!counts_cpu()) cpu_ = std::max(cpu_, cpu);
  if (!counts_processes()) process_refused_ = process_refused_ || tasks > limits_.processes;
  if (!counts_memory()) {
    if (memory > limits_.memory) {  // pages that several map are divided among them
      memory = 0;
      for (const pid_t pid : pids) memory += SharedFairly(pid);
    }
    memory_ = memory;
    memory_exceeded_ = memory_exceeded_ || memory > limits_.memory;
  }
}

uint64_t BoxMeter::peak_memory() const {
  rusage usage = {};
  getrusage(RUSAGE_CHILDREN, &usage);
  if (cgroup_ != nullptr && cgroup_->memory_peak >= 0) return cgroup_->MemoryPeak();
  return std::max(peak_, static_cast<uint64_t>(usage.ru_maxrss) << 10);
}

microseconds BoxMeter::NextLook() const {
  const microseconds look = counts_cpu() && counts_memory() ? kCountedLook : kSampledLook;
  const microseconds left = (limits_.cpu - cpu_) / processors_;
  return std::max(kSoonest, std::min(look, left));
}

}  // namespace cohort
