#include "reward_workers/swe/patch_rules.h"

#include <algorithm>
#include <optional>

namespace cohort {
namespace {

// By the names of a path: any of them is enough.
constexpr std::string_view kSteering[] = {
    "conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "tox.ini",
    "setup.cfg",
    "setup.py",
    "pyproject.toml",
    "noxfile.py",
    ".coveragerc",
    "sitecustomize.py",
    "usercustomize.py",
    "*.pth",
    "*.egg-link",
    "*-info",
    "*.egg",
    "*.pyc",
    "*.pyo",
    "*.so",
    "*.pyd",
    "__pycache__",
    ".gitattributes",
    ".gitmodules",
    ".gitignore",
    ".github",
    "CTestTestfile.cmake",
    "package.json",
    "Cargo.toml",
    "build.rs",
    "go.mod",
    "pytest.py",
    "_pytest",
    "unittest.py",
};

std::string_view FirstName(std::string_view path) { return path.substr(0, path.find('/')); }

std::string_view FolderOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

bool Steers(std::string_view path) {
  while (!path.empty()) {
    const std::string_view name = FirstName(path);
    if (std::ranges::any_of(kSteering, [&](auto glob) { return MatchesGlob(glob, name); })) {
      return true;
    }
    path.remove_prefix(std::min(name.size() + 1, path.size()));
  }
  return false;
}

bool IsTestFolder(std::string_view folder) {
  constexpr std::string_view kNames[] = {"test", "tests", "testing", "spec", "__tests__"};
  while (!folder.empty()) {
    const std::string_view name = FirstName(folder);
    if (std::ranges::find(kNames, name) != std::end(kNames)) return true;
    folder.remove_prefix(std::min(name.size() + 1, folder.size()));
  }
  return false;
}

// A folder in which pytest would look for modules: that of a test, where it is no package.
bool IsOnThePath(std::string_view folder, const PatchRules& rules) {
  const bool has_test = std::ranges::any_of(
      rules.test_files, [&](const std::string& test) { return FolderOf(test) == folder; });
  return has_test && rules.entry(std::string(folder) + "/__init__.py") == TreeEntry::kNone;
}

// Why the file may not be touched; nothing: it may.
std::optional<std::string> Forbidden(const std::string& path, bool is_new,
                                     const PatchRules& rules) {
  const auto& allowed = rules.allowed;
  if (std::ranges::find(allowed, path) != allowed.end()) return std::nullopt;
  const bool named = allowed.empty() || std::ranges::any_of(allowed, [&](const auto& glob) {
                       return MatchesGlob(glob, path);
                     });
  if (!named) return "which is outside of what may be changed";
  if (std::ranges::find(rules.test_files, path) != rules.test_files.end()) {
    return "which is one of the tests";
  }
  if (Steers(path)) return "which steers the tests or the interpreter";
  if (IsTestFolder(FolderOf(path))) return "which lies with the tests";
  if (!is_new) return std::nullopt;
  const std::string first(FirstName(path));
  if (first == path || rules.entry(first) == TreeEntry::kNone) {
    return "a new file at the top of the tree";
  }
  if (path.ends_with(".py") && IsOnThePath(FolderOf(path), rules)) {
    return "a new module beside the tests";
  }
  return std::nullopt;
}

// Whether the tree can hold the file where the patch puts it.
bool HasPlace(const std::string& path, const ChangedFiles& files, const PatchRules& rules) {
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    const auto made = files.find(folder);
    if (made != files.end() && made->second) return false;
    if (rules.entry(folder) == TreeEntry::kFile) return false;
  }
  return rules.entry(path) != TreeEntry::kFolder;
}

}  // namespace

bool MatchesGlob(std::string_view glob, std::string_view path) {
  // Where to go on when what follows a star does not match: the star takes one byte more.
  size_t g = 0, p = 0;
  size_t star = std::string_view::npos, star_at = 0;
  size_t deep = std::string_view::npos, deep_at = 0;
  for (;;) {
    if (glob.substr(g).starts_with("**")) {
      deep = g;
      deep_at = p;
      star = std::string_view::npos;
      g += 2;
      if (g < glob.size() && glob[g] == '/') ++g;  // "**/x" is also "x"
      continue;
    }
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_at = p;
      continue;
    }
    if (g == glob.size() && p == path.size()) return true;
    if (p < path.size() && g < glob.size() &&
        (glob[g] == path[p] || (glob[g] == '?' && path[p] != '/'))) {
      ++g;
      ++p;
      continue;
    }
    if (star != std::string_view::npos && star_at < path.size() && path[star_at] != '/') {
      g = star + 1;
      p = ++star_at;
      continue;
    }
    if (deep != std::string_view::npos && deep_at < path.size()) {
      star = std::string_view::npos;
      const bool names = deep + 2 < glob.size() && glob[deep + 2] == '/';
      do {
        ++deep_at;
      } while (names && deep_at < path.size() && path[deep_at - 1] != '/');
      if (names && deep_at == path.size()) return false;
      g = deep + (names ? 3 : 2);
      p = deep_at;
      continue;
    }
    return false;
  }
}

Status CheckPatch(const ChangedFiles& files, const PatchRules& rules) {
  for (const auto& [path, text] : files) {
    const bool is_new = text.has_value() && rules.entry(path) == TreeEntry::kNone;
    if (text && !HasPlace(path, files, rules)) {
      return PermissionDenied("the patch puts " + path + " where no file can be");
    }
    if (const auto why = Forbidden(path, is_new, rules)) {
      return PermissionDenied("the patch touches " + path + ", " + *why);
    }
  }
  return {};
}

}  // namespace cohort
