// Load of bench/sandbox.py: runs a program bare, in boxes and under bwrap, in turn, and prints what
// each took as one line of JSON. Or runs boxes only, many.
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "reward_workers/sandbox/sandbox.h"

namespace cohort {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr char kProgram[] = "/bin/true";

double Milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double Milliseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1000 + static_cast<double>(time.tv_usec) / 1000;
}

double CpuOf(int who) {
  rusage usage = {};
  getrusage(who, &usage);
  return Milliseconds(usage.ru_utime) + Milliseconds(usage.ru_stime);
}

// CPU of a process and of its children that have ended, in milliseconds (by clock ticks).
double CpuOfProcess(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream words(text.substr(text.rfind(')') + 1));
  std::string word;
  double ticks = 0;
  for (int field = 3; field <= 17 && words >> word; ++field) {
    if (field >= 14) ticks += std::strtod(word.c_str(), nullptr);
  }
  return ticks * 1000 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

bool Spawn(const std::vector<const char*>& words) {
  std::vector<char*> arguments;
  for (const char* word : words) arguments.push_back(const_cast<char*>(word));
  arguments.push_back(nullptr);
  char* environment[] = {nullptr};
  pid_t pid = -1;
  int status = -1;
  if (posix_spawnp(&pid, words[0], nullptr, nullptr, arguments.data(), environment) != 0)
    return false;
  return waitpid(pid, &status, 0) == pid && status == 0;
}

struct Way {
  std::vector<double> wall;  // milliseconds
  double cpu = 0;            // of this process' children, milliseconds
};

template <typename Body>
void Measure(Way& way, const Body& body) {
  const double cpu = CpuOf(RUSAGE_CHILDREN);
  const Clock::time_point start = Clock::now();
  if (!body()) {
    std::fprintf(stderr, "bench-sandbox: a run failed\n");
    std::exit(1);
  }
  way.wall.push_back(Milliseconds(Clock::now() - start));
  way.cpu += CpuOf(RUSAGE_CHILDREN) - cpu;
}

double Percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<size_t>(share * static_cast<double>(values.size())))];
}

json Figures(const Way& way, const Way& bare, double cpu) {
  std::vector<double> paired;
  for (size_t i = 0; i < way.wall.size(); ++i) paired.push_back(way.wall[i] - bare.wall[i]);
  return {{"cpu_ms", cpu / static_cast<double>(way.wall.size())},
          {"wall_p50_ms", Percentile(way.wall, 0.5)},
          {"wall_p99_ms", Percentile(way.wall, 0.99)},
          {"paired_p50_ms", Percentile(paired, 0.5)}};
}

int Main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "bench-sandbox RUNS alone|beside BWRAP-OR-NONE [as-user] [no-cgroups]\n");
    return 2;
  }
  const int runs = std::atoi(argv[1]);
  const bool beside = std::strcmp(argv[2], "beside") == 0;
  const std::string bwrap = argv[3];
  SandboxOptions options;
  if (argc > 4) options.as_user = static_cast<uid_t>(std::atoi(argv[4]));
  options.cgroups = argc <= 5;
  const Result<std::unique_ptr<Sandbox>> sandbox = Sandbox::Open(options);
  if (!sandbox.ok()) {
    std::fprintf(stderr, "bench-sandbox: %s\n", sandbox.status().message().c_str());
    return 1;
  }
  SandboxSpec spec;
  spec.argv = {kProgram};
  const auto boxed = [&] {
    const SandboxResult result = (*sandbox)->Run(spec);
    if (result.end == SandboxEnd::kExited && result.code == 0) return true;
    std::fprintf(stderr, "bench-sandbox: %s\n", Describe(result).c_str());
    return false;
  };
  Way bare, box, other;
  const auto one = [&] {
    if (beside) Measure(bare, [] { return Spawn({kProgram}); });
    Measure(box, boxed);
    if (beside && bwrap != "none") {
      Measure(other, [&] {
        return Spawn({bwrap.c_str(), "--unshare-all", "--ro-bind",
                      "/usr",        "/usr",          "--symlink",
                      "usr/lib",     "/lib",          "--symlink",
                      "usr/lib64",   "/lib64",        "--symlink",
                      "usr/bin",     "/bin",          "--proc",
                      "/proc",       "--dev",         "/dev",
                      "--tmpfs",     "/tmp",          "--die-with-parent",
                      kProgram});
      });
    }
  };
  for (int i = 0; i < std::min(runs, 20); ++i) one();
  bare = box = other = Way();
  const pid_t launcher = (*sandbox)->launcher();
  const double launcher_before = CpuOfProcess(launcher);
  const double self_before = CpuOf(RUSAGE_SELF);
  for (int i = 0; i < runs; ++i) one();
  const double self = CpuOf(RUSAGE_SELF) - self_before;
  const double launched = CpuOfProcess(launcher) - launcher_before;
  json report = {{"runs", runs}, {"mode", (*sandbox)->mode().Name()}};
  if (beside) {
    // This process' own time is laid at the boxes' door, though it spawns the others, too.
    report["bare"] = Figures(bare, bare, bare.cpu);
    report["box"] = Figures(box, bare, launched + self);
    if (!other.wall.empty()) report["bwrap"] = Figures(other, bare, other.cpu);
  }
  std::printf("%s\n", report.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) { return cohort::Main(argc, argv); }
