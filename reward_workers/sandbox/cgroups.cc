#include "reward_workers/sandbox/cgroups.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "reward_workers/sandbox/cgroup_files.h"

namespace cohort {
namespace {

constexpr char kPrefix[] = "cohort-sandbox-";
constexpr int kRemovals = 200;  // of 10 ms
constexpr uint64_t kWorthEmptying = 1 << 20;

void Pause() {
  const timespec time = {0, 10'000'000};
  nanosleep(&time, nullptr);
}

// The name of this launcher's folders: whose it is can be told later. A process of another process
// namespace is none of ours.
std::string FolderName() {
  return kPrefix + ProcessNamespace() + "-" + std::to_string(getpid()) + "-" +
         std::to_string(StartOf(getpid()));
}

bool IsOfTheDead(const std::string& name) {
  const std::string mine = kPrefix + ProcessNamespace() + "-";
  if (!name.starts_with(mine)) return false;
  const std::string rest = name.substr(mine.size());
  const size_t dash = rest.find('-');
  if (dash == std::string::npos) return false;
  const pid_t pid = std::atoi(rest.c_str());
  return StartOf(pid) != std::strtoull(rest.c_str() + dash + 1, nullptr, 10);
}

void RemoveFoldersOfTheDead(const std::string& parent) {
  DIR* folder = opendir(parent.c_str());
  if (folder == nullptr) return;
  std::vector<std::string> dead;
  while (const dirent* entry = readdir(folder)) {
    if (IsOfTheDead(entry->d_name)) dead.push_back(parent + "/" + entry->d_name);
  }
  closedir(folder);
  for (const std::string& name : dead) RemoveCgroupFolder(name);
}

// A folder below `parent` that `owner` may use. Empty, and why, if that cannot be.
std::string MakeFolder(const std::string& parent, uid_t owner, std::string* why) {
  RemoveFoldersOfTheDead(parent);
  const std::string folder = parent + "/" + FolderName();
  if (mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
    *why = "cannot make a group in " + parent + ": " + strerror(errno);
    return "";
  }
  if (owner != 0) {
    for (const char* file : {"", "/cgroup.procs", "/tasks", "/cgroup.threads"}) {
      [[maybe_unused]] const int ignored = chown((folder + file).c_str(), owner, owner);
    }
  }
  return folder;
}

uint64_t NumberAfter(const std::string& text, std::string_view word) {
  for (size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += word.size()) {
    if (at != 0 && text[at - 1] != '\n') continue;
    return std::strtoull(text.c_str() + at + word.size(), nullptr, 10);
  }
  return 0;
}

}  // namespace

BoxCgroup::~BoxCgroup() {
  joins.insert(joins.end(),
               {cpu, memory_now, memory_stat, memory_peak, out_of_memory, process_events});
  for (const int fd : joins) {
    if (fd >= 0) close(fd);
  }
}

uint64_t BoxCgroup::CpuNanoseconds() const {
  const std::string text = ReadControl(cpu);
  const uint64_t now =
      version2 ? NumberAfter(text, "usage_usec ") * 1000 : std::strtoull(text.c_str(), nullptr, 10);
  return now - std::min(now, cpu_before);
}

uint64_t BoxCgroup::MemoryHeld() const {
  const std::string text = ReadControl(memory_stat);
  return version2 ? NumberAfter(text, "anon ") : NumberAfter(text, "rss ");
}

uint64_t BoxCgroup::MemoryPeak() const {
  return std::strtoull(ReadControl(memory_peak).c_str(), nullptr, 10);
}

uint64_t BoxCgroup::Kills() const {
  const uint64_t now = NumberAfter(ReadControl(out_of_memory), "oom_kill ");
  return now - std::min(now, kills_before);
}

uint64_t BoxCgroup::Refusals() const {
  const uint64_t now = NumberAfter(ReadControl(process_events), "max ");
  return now - std::min(now, refusals_before);
}

CgroupPool::CgroupPool(const CgroupOptions& options) {
  if (!options.use) {
    memory_.why = processes_.why = cpu_.why = "switched off";
    return;
  }
  if (!FindVersion2(options)) FindVersion1(options);
}

CgroupPool::~CgroupPool() = default;

bool CgroupPool::FindVersion2(const CgroupOptions& options) {
  const std::string parent = options.folder.empty() ? OwnVersion2Folder() : options.folder;
  if (parent.empty()) return false;
  const std::string offered = ReadControlFile(parent + "/cgroup.controllers");
  if (offered.find("memory") == std::string::npos || offered.find("pids") == std::string::npos) {
    memory_.why = processes_.why = cpu_.why = parent + " offers no controllers";
    return false;
  }
  const std::string enabled = ReadControlFile(parent + "/cgroup.subtree_control");
  if (enabled.find("memory") == std::string::npos || enabled.find("pids") == std::string::npos) {
    if (const int error = WriteControlFile(parent + "/cgroup.subtree_control", "+memory +pids")) {
      memory_.why = processes_.why = cpu_.why =
          "cannot enable controllers in " + parent + ": " + strerror(error) +
          "; name a delegated group without processes by --cgroup";
      return true;
    }
  }
  std::string why;
  const std::string folder = MakeFolder(parent, options.owner, &why);
  if (folder.empty() ||
      WriteControlFile(folder + "/cgroup.subtree_control", "+memory +pids") != 0) {
    memory_.why = processes_.why = cpu_.why = why.empty() ? "cannot delegate in " + folder : why;
    return true;
  }
  version2_ = true;
  roots_ = {folder};
  memory_.folder = processes_.folder = cpu_.folder = folder;
  return true;
}

void CgroupPool::FindVersion1(const CgroupOptions& options) {
  for (const auto& [name, controller] :
       {std::pair{"memory", &memory_}, std::pair{"pids", &processes_},
        std::pair{"cpuacct", &cpu_}}) {
    const std::string parent = OwnVersion1Folder(name);
    if (parent.empty()) {
      if (controller->why.empty()) controller->why = "no hierarchy is mounted";
      continue;
    }
    controller->folder = MakeFolder(parent, options.owner, &controller->why);
    if (!controller->folder.empty() &&
        std::find(roots_.begin(), roots_.end(), controller->folder) == roots_.end()) {
      roots_.push_back(controller->folder);
    }
  }
}

std::vector<Mechanism> CgroupPool::mechanisms() const {
  const auto tell = [&](MechanismKind kind, const Controller& controller) {
    const bool present = !controller.folder.empty();
    return Mechanism{
        kind, present,
        present ? (version2_ ? "version 2, " : "version 1, ") + controller.folder : controller.why};
  };
  return {tell(MechanismKind::kMemoryCgroup, memory_),
          tell(MechanismKind::kProcessCgroup, processes_), tell(MechanismKind::kCpuCgroup, cpu_)};
}

void CgroupPool::SeenAs(const std::vector<std::string>& folders) {
  for (Controller* controller : {&memory_, &processes_, &cpu_}) {
    const auto at = std::find(roots_.begin(), roots_.end(), controller->folder);
    if (at != roots_.end()) controller->folder = folders[static_cast<size_t>(at - roots_.begin())];
  }
  roots_ = folders;
}

bool CgroupPool::has(MechanismKind kind) const {
  for (const Mechanism& mechanism : mechanisms()) {
    if (mechanism.kind == kind) return mechanism.present;
  }
  return false;
}

Result<std::unique_ptr<BoxCgroup>> CgroupPool::Make() {
  auto box = std::make_unique<BoxCgroup>();
  box->version2 = version2_;
  const std::string name = "/box-" + std::to_string(++made_);
  const auto group = [&](const Controller& controller) -> Result<std::string> {
    if (controller.folder.empty()) return std::string();
    const std::string folder = controller.folder + name;
    if (std::find(box->folders.begin(), box->folders.end(), folder) != box->folders.end()) {
      return folder;
    }
    if (mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
      return Unavailable("cannot make the group " + folder + ": " + strerror(errno));
    }
    box->folders.push_back(folder);
    // In version 1 a single thread moves without the lock that moving a process waits long for.
    const char* file = version2_ ? "/cgroup.procs" : "/tasks";
    const int join = open((folder + file).c_str(), O_WRONLY | O_CLOEXEC);
    if (join < 0) return Unavailable("cannot open the group " + folder + ": " + strerror(errno));
    box->joins.push_back(join);
    return folder;
  };
  const auto view = [](const std::string& folder, const char* file) {
    return folder.empty() ? -1 : open((folder + file).c_str(), O_RDONLY | O_CLOEXEC);
  };
  COHORT_ASSIGN_OR_RETURN(box->memory_folder, group(memory_));
  COHORT_ASSIGN_OR_RETURN(box->process_folder, group(processes_));
  COHORT_ASSIGN_OR_RETURN(const std::string cpu, group(cpu_));
  box->cpu = view(cpu, version2_ ? "/cpu.stat" : "/cpuacct.usage");
  const std::string& memory = box->memory_folder;
  box->memory_stat = view(memory, "/memory.stat");
  box->memory_now = view(memory, version2_ ? "/memory.current" : "/memory.usage_in_bytes");
  box->memory_peak = view(memory, version2_ ? "/memory.peak" : "/memory.max_usage_in_bytes");
  box->out_of_memory = view(memory, version2_ ? "/memory.events" : "/memory.oom_control");
  box->process_events = view(box->process_folder, "/pids.events");
  if (version2_) {
    WriteControlFile(memory + "/memory.oom.group", "1");
  } else if (!memory.empty()) {
    WriteControlFile(memory + "/memory.swappiness", "0");
  }
  return box;
}

Status CgroupPool::SetLimits(BoxCgroup& box, const SandboxLimits& limits) {
  // What lies on its disk is its memory too: a full disk must not end in an out-of-memory kill.
  const uint64_t memory = limits.memory + limits.disk;
  if (!box.memory_folder.empty() && box.memory_limit != memory) {
    const std::string text = std::to_string(memory);
    const std::string swap = box.memory_folder + "/memory.memsw.limit_in_bytes";
    if (version2_) WriteControlFile(box.memory_folder + "/memory.swap.max", "0");
    // The plain limit may not exceed the one with swap: upwards, that one goes first.
    if (!version2_ && memory > box.memory_limit) WriteControlFile(swap, text);
    const char* file = version2_ ? "/memory.max" : "/memory.limit_in_bytes";
    if (const int error = WriteControlFile(box.memory_folder + file, text)) {
      return Unavailable("cannot limit " + box.memory_folder + ": " + strerror(error));
    }
    if (!version2_) WriteControlFile(swap, text);
    box.memory_limit = memory;
  }
  if (!box.process_folder.empty() && box.process_limit != limits.processes) {
    if (const int error =
            WriteControlFile(box.process_folder + "/pids.max", std::to_string(limits.processes))) {
      return Unavailable("cannot limit " + box.process_folder + ": " + strerror(error));
    }
    box.process_limit = limits.processes;
  }
  return {};
}

Result<std::unique_ptr<BoxCgroup>> CgroupPool::Take(const SandboxLimits& limits) {
  if (roots_.empty()) return std::unique_ptr<BoxCgroup>();
  std::unique_ptr<BoxCgroup> box;
  if (idle_.empty()) {
    COHORT_ASSIGN_OR_RETURN(box, Make());
  } else {
    box = std::move(idle_.front());  // the one that rested longest
    idle_.erase(idle_.begin());
  }
  if (!version2_ && box->memory_now >= 0 &&
      std::strtoull(ReadControl(box->memory_now).c_str(), nullptr, 10) > kWorthEmptying) {
    WriteControlFile(box->memory_folder + "/memory.force_empty", "0");
  }
  COHORT_RETURN_IF_ERROR(SetLimits(*box, limits));
  if (box->memory_peak >= 0 && !version2_) {
    WriteControlFile(box->memory_folder + "/memory.max_usage_in_bytes", "0");
  }
  box->cpu_before = box->kills_before = box->refusals_before = 0;
  box->cpu_before = box->CpuNanoseconds();
  box->kills_before = box->Kills();
  box->refusals_before = box->Refusals();
  return box;
}

void CgroupPool::GiveBack(std::unique_ptr<BoxCgroup> box) {
  if (box == nullptr) return;
  idle_.push_back(std::move(box));
  if (version2_) RemoveIdle();
}

bool CgroupPool::RemoveIdle() {
  std::erase_if(idle_, [&](const std::unique_ptr<BoxCgroup>& box) {
    if (!version2_ && box->memory_now >= 0) {
      WriteControlFile(box->memory_folder + "/memory.force_empty", "0");
    }
    bool gone = true;
    for (const std::string& folder : box->folders) {
      gone = (rmdir(folder.c_str()) == 0 || errno == ENOENT) && gone;
    }
    return gone;
  });
  return idle_.empty();
}

void RemoveCgroupFolder(const std::string& folder) {
  for (int tries = 0; tries < kRemovals; ++tries) {
    DIR* list = opendir(folder.c_str());
    if (list == nullptr) return;
    std::vector<std::string> groups;
    while (const dirent* entry = readdir(list)) {
      if (std::string_view(entry->d_name).starts_with("box-")) groups.push_back(entry->d_name);
    }
    closedir(list);
    for (const std::string& group : groups) {
      if (tries == 0) WriteControlFile(folder + "/" + group + "/memory.force_empty", "0");
      rmdir((folder + "/" + group).c_str());
    }
    if (rmdir(folder.c_str()) == 0 || (errno != EBUSY && errno != ENOTEMPTY)) return;
    Pause();
  }
}

}  // namespace cohort
