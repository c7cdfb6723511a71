#include <algorithm>

#include "reward_workers/sandbox/base_tree.h"
#include "reward_workers/sandbox/sandbox.h"

namespace cohort {
namespace {

constexpr size_t kMaxFiles = 20'000;
constexpr size_t kMaxPath = 4096;

bool HasZero(const std::string& text) { return text.find('\0') != std::string::npos; }

// "a/b": plain names between slashes.
bool IsPlain(std::string_view path) {
  if (path.empty() || path.size() >= kMaxPath) return false;
  for (;;) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view name = path.substr(0, slash);
    if (name.empty() || name == "." || name == ".." || name.size() > 255) return false;
    if (name.find('\0') != std::string_view::npos) return false;
    if (slash == path.size()) return true;
    path.remove_prefix(slash + 1);
  }
}

// The first name of "/a/b".
std::string_view Top(std::string_view path) {
  path.remove_prefix(1);
  return path.substr(0, path.find('/'));
}

Status CheckBind(const SandboxBind& bind) {
  if (!bind.source.starts_with("/") || HasZero(bind.source)) {
    return InvalidArgument("bind: " + bind.source + " is no absolute path");
  }
  if (!bind.target.starts_with("/") || !IsPlain(std::string_view(bind.target).substr(1))) {
    return InvalidArgument("bind: " + bind.target + " is no absolute path without . and ..");
  }
  constexpr std::string_view kTaken[] = {"bin",  "dev", "etc",  "lib", "lib32", "lib64", "libx32",
                                         "proc", "run", "sbin", "sys", "tmp",   "usr"};
  const std::string_view top = Top(bind.target);
  if (std::find(std::begin(kTaken), std::end(kTaken), top) != std::end(kTaken) ||
      bind.target == "/work") {
    return InvalidArgument("bind: " + bind.target +
                           " is the box' own; use a name of its own, or one below /work");
  }
  return {};
}

// `path` is below `folder`, or the same.
bool IsWithin(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

Status CheckBinds(const std::vector<SandboxBind>& binds) {
  if (binds.size() > static_cast<size_t>(kMaxBinds)) return InvalidArgument("more than 16 binds");
  for (const SandboxBind& bind : binds) {
    COHORT_RETURN_IF_ERROR(CheckBind(bind));
    for (const SandboxBind& other : binds) {
      if (&bind != &other && IsWithin(bind.target, other.target)) {
        return InvalidArgument("bind: " + bind.target + " lies in another, " + other.target);
      }
    }
  }
  return {};
}

Status CheckRemoved(const SandboxSpec& spec) {
  if (spec.removed.size() > kMaxFiles) return InvalidArgument("more than 20,000 removed files");
  for (const std::string& path : spec.removed) {
    if (!IsPlain(path)) {
      return InvalidArgument("removed: \"" + path + "\" is no relative path of plain names");
    }
    for (const SandboxBind& bind : spec.binds) {
      if (IsWithin(bind.target, "/work/" + path)) {
        return InvalidArgument("removed: \"" + path + "\" is no part of the bind " + bind.target);
      }
    }
  }
  return {};
}

Status CheckFiles(const std::vector<SandboxFile>& files) {
  if (files.size() > kMaxFiles) return InvalidArgument("more than 20,000 files");
  std::vector<std::string_view> paths;
  for (const SandboxFile& file : files) {
    if (!IsPlain(file.path)) {
      return InvalidArgument("file: \"" + file.path + "\" is no relative path of plain names");
    }
    paths.push_back(file.path);
  }
  std::sort(paths.begin(), paths.end());
  const auto twice = std::adjacent_find(paths.begin(), paths.end());
  if (twice == paths.end()) return {};
  return InvalidArgument("file: \"" + std::string(*twice) + "\" is there twice");
}

Status CheckLimits(const SandboxLimits& limits) {
  using std::chrono::milliseconds;
  const bool good = limits.cpu > milliseconds(0) && limits.wall > milliseconds(0) &&
                    limits.cpu <= std::chrono::hours(24) && limits.wall <= std::chrono::hours(24) &&
                    limits.memory >= 16 << 20 && limits.memory <= uint64_t{1} << 44 &&
                    limits.disk <= uint64_t{1} << 44 && limits.output <= uint64_t{1} << 30 &&
                    limits.stack >= 64 << 10 && limits.processes >= 1 && limits.open_files >= 8;
  if (good) return {};
  return InvalidArgument(
      "limits: up to 24 h, at least 16 MiB of memory, 64 KiB of stack, 1 process and 8 open files, "
      "at "
      "most 1 GiB of output");
}

}  // namespace

Status CheckSpec(const SandboxSpec& spec) {
  if (spec.argv.empty() || spec.argv.front().empty()) return InvalidArgument("there is no program");
  for (const auto* words : {&spec.argv, &spec.environment}) {
    if (std::any_of(words->begin(), words->end(), HasZero)) {
      return InvalidArgument("a word or variable holds a zero byte");
    }
  }
  COHORT_RETURN_IF_ERROR(CheckBinds(spec.binds));
  COHORT_RETURN_IF_ERROR(CheckRemoved(spec));
  COHORT_RETURN_IF_ERROR(CheckFiles(spec.files));
  return CheckLimits(spec.limits);
}

}  // namespace cohort
