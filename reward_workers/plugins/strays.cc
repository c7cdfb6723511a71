#include "reward_workers/plugins/strays.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

namespace cohort {
namespace {

constexpr int kPasses = 10;  // over all processes; what forks faster than that is beyond us

// What /proc says of a process.
struct Stat {
  char state = '?';
  pid_t parent = 0;
  std::string
      start;  // ticks since the machine's start: with its number, it names a process for ever
};

std::optional<Stat> ReadStat(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const size_t name_end = text.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  Stat stat;
  fields >> stat.state >> stat.parent;
  for (int i = 5; i <= 22 && fields >> stat.start; ++i) {
  }
  return fields ? std::optional(stat) : std::nullopt;
}

// The name of a namespace of this process: "pid:[4026531836]".
std::string Namespace(const char* kind) {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/ns/" + std::string(kind), error).string();
}

// The value of a variable in a process's environment; empty without one.
std::string Variable(pid_t pid, const std::string& name) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/environ", std::ios::binary);
  for (std::string variable; std::getline(in, variable, '\0');) {
    if (variable.starts_with(name + "=")) return variable.substr(name.size() + 1);
  }
  return "";
}

std::optional<pid_t> PidOf(std::string_view text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 0) return std::nullopt;
  return pid;
}

std::string Here() { return Namespace("pid") + Namespace("time"); }

// The mark of a process that has ended, in these namespaces: here|pid|start.
bool IsOfOneThatIsGone(const std::string& mark, const std::string& here) {
  const size_t first = mark.find('|');
  const size_t second = mark.find('|', first + 1);
  if (first == std::string::npos || second == std::string::npos) return false;
  if (mark.substr(0, first) != here) return false;
  const auto pid = PidOf(std::string_view(mark).substr(first + 1, second - first - 1));
  if (!pid) return false;
  const std::optional<Stat> stat = ReadStat(*pid);
  return !stat || stat->state == 'Z' || stat->start != mark.substr(second + 1);
}

std::set<pid_t> ThisAndAncestors() {
  std::set<pid_t> ours;
  for (pid_t pid = getpid(); pid > 0 && ours.insert(pid).second;) {
    const std::optional<Stat> stat = ReadStat(pid);
    pid = stat ? stat->parent : 0;
  }
  return ours;
}

// Kills it if it is a stray. The descriptor makes sure that it is still the process that was looked
// at.
bool KillIfStray(pid_t pid, const std::string& name, const std::string& here) {
  const int process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (process < 0) return false;
  const std::optional<Stat> stat = ReadStat(pid);
  const std::string mark = Variable(pid, name);
  const bool stray = stat && stat->state != 'Z' && !mark.empty() && IsOfOneThatIsGone(mark, here);
  const bool killed = stray && syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0) == 0;
  close(process);
  return killed;
}

}  // namespace

std::string StrayMark(const std::string& name) {
  const std::optional<Stat> stat = ReadStat(getpid());
  return name + "=" + Here() + "|" + std::to_string(getpid()) + "|" + (stat ? stat->start : "");
}

size_t KillStrays(const std::string& name) {
  const std::set<pid_t> ours = ThisAndAncestors();
  const std::string here = Here();
  std::set<pid_t> killed;  // which may take a moment to be gone
  for (int pass = 0; pass < kPasses; ++pass) {
    const size_t before = killed.size();
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
      const auto pid = PidOf(entry.path().filename().string());
      if (!pid || ours.contains(*pid) || killed.contains(*pid)) continue;
      if (KillIfStray(*pid, name, here)) killed.insert(*pid);
    }
    if (killed.size() == before) break;
  }
  return killed.size();
}

}  // namespace cohort
