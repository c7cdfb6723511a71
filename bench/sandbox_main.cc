// Load of bench/sandbox.py. `compare` runs a program bare, in boxes and under bwrap, in turn, and
// prints what each took as one line of JSON; `many` runs boxes only.
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
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
constexpr int kWarmUp = 30;

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

// One way to run the program. CPU is this process' own while it does so, and its children's.
struct Way {
  std::vector<double> wall;  // milliseconds
  double cpu = 0;            // milliseconds
};

template <typename Body>
void Measure(Way& way, const Body& body) {
  const double cpu = CpuOf(RUSAGE_SELF) + CpuOf(RUSAGE_CHILDREN);
  const Clock::time_point start = Clock::now();
  if (!body()) {
    std::fprintf(stderr, "bench-sandbox: a run failed\n");
    std::exit(1);
  }
  way.wall.push_back(Milliseconds(Clock::now() - start));
  way.cpu += CpuOf(RUSAGE_SELF) + CpuOf(RUSAGE_CHILDREN) - cpu;
}

double Percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<size_t>(share * static_cast<double>(values.size())))];
}

json Figures(const Way& way, const Way& bare) {
  std::vector<double> paired;
  for (size_t i = 0; i < way.wall.size(); ++i) paired.push_back(way.wall[i] - bare.wall[i]);
  return {{"cpu_ms", way.cpu / static_cast<double>(way.wall.size())},
          {"wall_p50_ms", Percentile(way.wall, 0.5)},
          {"wall_p99_ms", Percentile(way.wall, 0.99)},
          {"paired_p50_ms", Percentile(paired, 0.5)}};
}

bool RunBox(Sandbox& sandbox, const std::string& tree = "") {
  SandboxSpec spec;
  spec.argv = {kProgram};
  if (!tree.empty()) spec.binds = {{tree, "/work/tree", /*writable=*/true}};
  const SandboxResult result = sandbox.Run(spec);
  if (result.end == SandboxEnd::kExited && result.code == 0) return true;
  std::fprintf(stderr, "bench-sandbox: %s\n", Describe(result).c_str());
  return false;
}

bool RunBubblewrap(const std::string& program) {
  return Spawn({program.c_str(), "--unshare-all", "--ro-bind",
                "/usr",          "/usr",          "--symlink",
                "usr/lib",       "/lib",          "--symlink",
                "usr/lib64",     "/lib64",        "--symlink",
                "usr/bin",       "/bin",          "--proc",
                "/proc",         "--dev",         "/dev",
                "--tmpfs",       "/tmp",          "--die-with-parent",
                kProgram});
}

// All ways in turn, so that they meet the same neighbours.
json Compare(Sandbox& sandbox, int runs, const std::string& bubblewrap) {
  Way bare, box, other;
  const auto one = [&] {
    Measure(bare, [] { return Spawn({kProgram}); });
    Measure(box, [&] { return RunBox(sandbox); });
    if (!bubblewrap.empty()) Measure(other, [&] { return RunBubblewrap(bubblewrap); });
  };
  for (int i = 0; i < kWarmUp; ++i) one();
  bare = box = other = Way();
  const double launcher = CpuOfProcess(sandbox.launcher());
  for (int i = 0; i < runs; ++i) one();
  box.cpu += CpuOfProcess(sandbox.launcher()) - launcher;
  json report = {{"runs", runs},
                 {"mode", sandbox.mode().Name()},
                 {"bare", Figures(bare, bare)},
                 {"box", Figures(box, bare)}};
  if (!bubblewrap.empty()) report["bwrap"] = Figures(other, bare);
  return report;
}

// The same with a tree that the program may change; how large it is does not matter.
json CompareTree(Sandbox& sandbox, int runs, uid_t user) {
  std::string tree = (std::filesystem::temp_directory_path() / "cohort-bench-XXXXXX").string();
  if (mkdtemp(tree.data()) == nullptr || (user != 0 && chown(tree.c_str(), user, user) != 0)) {
    std::fprintf(stderr, "bench-sandbox: cannot make %s\n", tree.c_str());
    std::exit(1);
  }
  Way bare, box;
  const double launcher = CpuOfProcess(sandbox.launcher());
  for (int i = 0; i < runs; ++i) {
    Measure(bare, [] { return Spawn({kProgram}); });
    Measure(box, [&] { return RunBox(sandbox, tree); });
  }
  box.cpu += CpuOfProcess(sandbox.launcher()) - launcher;
  rmdir(tree.c_str());
  return Figures(box, bare);
}

// Waits for a line on stdin before and after, so that others can look at the machine.
bool RunMany(Sandbox& sandbox, int runs) {
  const auto pause = [&](const char* word) {
    std::printf("%s %d\n", word, static_cast<int>(sandbox.launcher()));
    std::fflush(stdout);
    while (std::getchar() != '\n') {
    }
  };
  pause("ready");
  for (int i = 0; i < runs; ++i) {
    if (!RunBox(sandbox)) return false;
  }
  pause("done");
  return true;
}

int Main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "bench-sandbox compare|many RUNS BWRAP|none USER cgroups|none\n");
    return 2;
  }
  const int runs = std::atoi(argv[2]);
  const std::string bubblewrap = std::strcmp(argv[3], "none") == 0 ? "" : argv[3];
  SandboxOptions options;
  options.as_user = static_cast<uid_t>(std::atoi(argv[4]));
  options.cgroups = std::strcmp(argv[5], "cgroups") == 0;
  const Result<std::unique_ptr<Sandbox>> sandbox = Sandbox::Open(options);
  if (!sandbox.ok()) {
    std::fprintf(stderr, "bench-sandbox: %s\n", sandbox.status().message().c_str());
    return 1;
  }
  if (std::strcmp(argv[1], "many") == 0) return RunMany(**sandbox, runs) ? 0 : 1;
  json report = Compare(**sandbox, runs, bubblewrap);
  report["tree"] = CompareTree(**sandbox, runs, options.as_user);
  std::printf("%s\n", report.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) { return cohort::Main(argc, argv); }
