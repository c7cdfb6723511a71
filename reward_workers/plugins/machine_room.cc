#include "reward_workers/plugins/machine_room.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace cohort {
namespace {

using std::filesystem::path;

std::optional<std::string> FirstWord(const path& file, const std::string& after = "") {
  std::ifstream in(file);
  std::string word;
  while (!after.empty() && in >> word && word != after) {
  }
  if (in >> word) return word;
  return std::nullopt;
}

// Nothing for "max", -1 and files that are not there.
std::optional<double> Number(const std::optional<std::string>& word) {
  if (!word) return std::nullopt;
  double number = -1;
  std::istringstream(*word) >> number;
  if (number <= 0) return std::nullopt;
  return number;
}

// The folder of this process's control group of a kind, and those above it: each may bound it.
std::vector<path> GroupFolders(const path& root, const std::string& controller) {
  std::vector<path> folders;
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string kinds = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool ours = controller.empty() ? kinds == ",,"
                                         : kinds.find("," + controller + ",") != std::string::npos;
    if (!ours) continue;
    const path base = root / "sys/fs/cgroup" / controller;
    path folder = path(line.substr(second + 1)).relative_path();
    for (; !folder.empty(); folder = folder.parent_path()) folders.push_back(base / folder);
    folders.push_back(base);
  }
  return folders;
}

double Cores(const path& root) {
  cpu_set_t set;  // too small for more than 1024 of them: then all of the machine's
  CPU_ZERO(&set);
  double cores = sched_getaffinity(0, sizeof(set), &set) == 0
                     ? CPU_COUNT(&set)
                     : static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  for (const path& folder : GroupFolders(root, "")) {
    std::ifstream in(folder / "cpu.max");
    std::string quota;
    double period = 0;
    if (!(in >> quota >> period) || period <= 0) continue;
    if (const auto limit = Number(quota)) cores = std::min(cores, *limit / period);
  }
  for (const path& folder : GroupFolders(root, "cpu")) {
    const auto quota = Number(FirstWord(folder / "cpu.cfs_quota_us"));
    const auto period = Number(FirstWord(folder / "cpu.cfs_period_us"));
    if (quota && period) cores = std::min(cores, *quota / *period);
  }
  return cores;
}

double FreeBytes(const path& root) {
  double bytes = std::numeric_limits<double>::infinity();
  if (const auto available = Number(FirstWord(root / "proc/meminfo", "MemAvailable:"))) {
    bytes = *available * 1024;
  }
  // What files were read of and nobody uses is given back when somebody wants room.
  const auto bound = [&](const path& folder, const char* limit_file, const char* used_file,
                         const char* given_back) {
    const auto limit = Number(FirstWord(folder / limit_file));
    if (!limit) return;
    const double used = Number(FirstWord(folder / used_file)).value_or(0) -
                        Number(FirstWord(folder / "memory.stat", given_back)).value_or(0);
    bytes = std::min(bytes, std::max(0.0, *limit - std::max(0.0, used)));
  };
  for (const path& folder : GroupFolders(root, "")) {
    bound(folder, "memory.max", "memory.current", "inactive_file");
  }
  for (const path& folder : GroupFolders(root, "memory")) {
    bound(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file");
  }
  return bytes;
}

}  // namespace

Room MachineRoom(const path& root) {
  const double bytes = std::min(FreeBytes(root), 1e18);
  return {Cores(root), static_cast<uint64_t>(bytes) >> 20};
}

size_t ChildrenByCost(const Room& room, double cpus, int64_t memory_mb) {
  constexpr double kMost = 4096;
  const double by_cpu = room.cpus / cpus;
  const double by_memory = static_cast<double>(room.memory_mb) / static_cast<double>(memory_mb);
  return static_cast<size_t>(std::clamp(std::min(by_cpu, by_memory) + 1e-9, 1.0, kMost));
}

}  // namespace cohort
