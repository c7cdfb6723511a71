#include "reward_workers/plugins/strays.h"

#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>

namespace cohort {
namespace {

constexpr std::string_view kName = "COHORT_SCORER_OF=";

// When a process started, in ticks since the machine did; empty when there is none. With its number
// it names a process for ever.
std::string StartOf(const std::string& process) {
  std::ifstream in("/proc/" + process + "/stat");
  std::string stat((std::istreambuf_iterator<char>(in)), {});
  const size_t name_end = stat.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return "";
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int i = 3; i <= 22 && fields >> field; ++i) {
  }
  return fields ? field : "";
}

std::string Namespace() {
  std::error_code error;
  const std::string text = std::filesystem::read_symlink("/proc/self/ns/pid", error).string();
  const size_t open = text.find('[');
  return open == std::string::npos ? "0" : text.substr(open + 1, text.size() - open - 2);
}

// The mark in a process's environment, without its name; empty without one.
std::string MarkOf(const std::filesystem::path& process) {
  std::ifstream in(process / "environ", std::ios::binary);
  for (std::string variable; std::getline(in, variable, '\0');) {
    if (variable.starts_with(kName)) return variable.substr(kName.size());
  }
  return "";
}

// namespace:number:start, as StrayMark writes it.
bool IsOfOneThatIsGone(const std::string& mark, const std::string& space) {
  const size_t first = mark.find(':');
  const size_t second = mark.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos) return false;
  if (mark.substr(0, first) != space) return false;
  return StartOf(mark.substr(first + 1, second - first - 1)) != mark.substr(second + 1);
}

}  // namespace

std::string StrayMark() {
  const std::string number = std::to_string(getpid());
  return std::string(kName) + Namespace() + ":" + number + ":" + StartOf(number);
}

size_t KillStrays() {
  size_t killed = 0;
  const std::string space = Namespace();
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec != std::errc() || parsed.ptr != name.data() + name.size()) continue;
    const std::string mark = MarkOf(entry.path());
    if (mark.empty() || !IsOfOneThatIsGone(mark, space)) continue;
    if (kill(pid, SIGKILL) == 0) ++killed;
  }
  return killed;
}

}  // namespace cohort
