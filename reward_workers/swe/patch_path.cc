#include <algorithm>
#include <cctype>

#include "libs/scoring/verdict.h"
#include "reward_workers/swe/read_patch.h"

namespace cohort {
namespace {

constexpr size_t kLongestPath = 1024;
constexpr size_t kLongestName = 255;

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// As file systems that do not tell cases apart read it.
bool IsGit(std::string_view name) {
  constexpr std::string_view kGit = ".git";
  return name.size() == kGit.size() &&
         std::equal(name.begin(), name.end(), kGit.begin(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

}  // namespace

Status CheckPatchPath(std::string_view path) {
  const auto bad = [&](const std::string& why) {
    return PermissionDenied("the patch names " + Quoted(path) + ", " + why);
  };
  if (path.empty() || path.size() > kLongestPath) return bad("which is no name of a file");
  if (std::any_of(path.begin(), path.end(), IsControl)) return bad("with control characters");
  if (path.find_first_of("\"\\") != std::string_view::npos)
    return bad("with quotes or backslashes");
  if (path.front() == '/') return bad("an absolute path");
  for (std::string_view rest = path;;) {
    const size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view name = rest.substr(0, slash);
    if (name.empty() || name == "." || name == ".." || name.size() > kLongestName) {
      return bad("which is not made of plain names");
    }
    if (IsGit(name)) return bad("which belongs to git");
    if (slash == rest.size()) return {};
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace cohort
