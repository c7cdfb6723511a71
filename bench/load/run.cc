#include "bench/load/run.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

namespace cohort::bench {
namespace {

// One process: its threads, its context.
int RunChild(const std::vector<Work>& work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // What is freed is used again: page faults are not what is measured.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  zmq::context_t context;
  context.set(zmq::ctxopt::max_sockets, 10'000);
  std::atomic<bool> failed{false};
  std::vector<std::thread> threads;
  for (const Work& each : work) {
    threads.emplace_back([&] {
      const Status status = each(context);
      if (status.ok()) return;
      std::fprintf(stderr, "bench-load: %s\n", status.ToString().c_str());
      failed = true;
      _exit(1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return failed ? 1 : 0;
}

}  // namespace

std::vector<Share> Shares(size_t all, size_t per_thread) {
  std::vector<Share> shares;
  for (size_t first = 0; first < all; first += per_thread) {
    shares.push_back({first, std::min(per_thread, all - first)});
  }
  return shares;
}

bool WaitUntil(double seconds, const std::function<bool()>& condition) {
  const int64_t until = NowNanoseconds() + static_cast<int64_t>(seconds * 1e9);
  while (!condition()) {
    if (NowNanoseconds() >= until) return false;
    const timespec pause{.tv_sec = 0, .tv_nsec = 10'000'000};
    nanosleep(&pause, nullptr);
  }
  return true;
}

double ProcessorSeconds(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::stringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  const size_t name_ends = all.rfind(')');
  if (name_ends == std::string::npos) return 0;
  std::istringstream rest(all.substr(name_ends + 2));
  std::string word;
  double ticks = 0;
  for (int field = 3; field <= 15 && rest >> word; ++field) {
    if (field >= 14) ticks += std::stod(word);
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double ResidentMiB(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

LoadProcesses::LoadProcesses(Board& board, size_t processes, std::vector<Work> work)
    : board_(board) {
  const size_t share = (work.size() + processes - 1) / processes;
  for (size_t first = 0; first < work.size(); first += share) {
    const std::vector<Work> mine(
        work.begin() + static_cast<ptrdiff_t>(first),
        work.begin() + static_cast<ptrdiff_t>(std::min(work.size(), first + share)));
    const pid_t child = fork();
    if (child == 0) _exit(RunChild(mine));
    if (child > 0) children_.push_back(child);
  }
}

LoadProcesses::~LoadProcesses() {
  board_.stop = true;
  for (const pid_t child : children_) waitpid(child, nullptr, 0);
}

bool LoadProcesses::Healthy() {
  for (const pid_t child : children_) {
    if (waitpid(child, nullptr, WNOHANG) != 0) healthy_ = false;
  }
  return healthy_;
}

double LoadProcesses::ProcessorSeconds() const {
  double seconds = 0;
  for (const pid_t child : children_) seconds += bench::ProcessorSeconds(child);
  return seconds;
}

void LoadProcesses::Signal(int signal) const {
  for (const pid_t child : children_) kill(child, signal);
}

void LoadProcesses::Sleep(double seconds) const {
  timespec time{};
  time.tv_sec = static_cast<time_t>(seconds);
  time.tv_nsec = static_cast<int64_t>((seconds - static_cast<double>(time.tv_sec)) * 1e9);
  nanosleep(&time, nullptr);
}

int RunLoad(Board& board, const RunPlan& plan, std::vector<Work> work) {
  const size_t threads = work.size();
  LoadProcesses load(board, plan.processes, std::move(work));
  if (!WaitUntil(60, [&] { return board.ready >= plan.sessions || !load.Healthy(); })) {
    std::fprintf(stderr, "bench-load: %u of %zu sessions stand after 60 s\n", board.ready.load(),
                 plan.sessions);
    return 1;
  }
  load.Sleep(plan.warm_up_seconds);
  const Totals before = Sum(board, 0, threads);
  const double load_before = load.ProcessorSeconds();
  const double server_before = ProcessorSeconds(plan.server);
  const int64_t start = NowNanoseconds();
  board.measuring = true;
  load.Sleep(plan.seconds);
  board.measuring = false;
  const double seconds = static_cast<double>(NowNanoseconds() - start) / 1e9;
  const Totals after = Sum(board, 0, threads);
  const double load_seconds = load.ProcessorSeconds() - load_before;
  const double server_seconds = ProcessorSeconds(plan.server) - server_before;
  const double resident = ResidentMiB(plan.server);
  board.sending_over = true;
  Totals last;
  WaitUntil(plan.drain_seconds, [&] {
    last = Sum(board, 0, threads);
    return !load.Healthy() || (last.done >= last.sent && last.confirmed >= last.sent);
  });
  const double tasks = std::max<double>(1, static_cast<double>(after.done - before.done));
  std::printf(
      "{\"rate\": %.1f, \"confirmed_rate\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": "
      "%.3f, \"server_us\": "
      "%.2f, \"load_us\": %.2f, \"resident_mib\": %.1f, \"unfinished\": %lld, \"unconfirmed\": "
      "%lld, \"failed\": "
      "%llu, \"redelivered\": %llu, \"late\": %llu}\n",
      tasks / seconds, static_cast<double>(after.confirmed - before.confirmed) / seconds,
      QuantileMs(board, .5), QuantileMs(board, .99), QuantileMs(board, .999),
      server_seconds / tasks * 1e6, load_seconds / tasks * 1e6, resident,
      static_cast<long long>(last.sent - last.done),
      static_cast<long long>(last.sent - last.confirmed),
      static_cast<unsigned long long>(last.failed),
      static_cast<unsigned long long>(last.redelivered),
      static_cast<unsigned long long>(last.late));
  const bool clean =
      load.Healthy() && last.failed == 0 && (last.done >= last.sent || !plan.must_finish);
  return clean ? 0 : 1;
}

}  // namespace cohort::bench
