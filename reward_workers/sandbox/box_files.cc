#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "libs/base/descriptor.h"
#include "reward_workers/sandbox/box.h"
#include "reward_workers/sandbox/system_calls.h"

namespace cohort {
namespace {

constexpr char kWork[] = "/new/work";

// From errno. What does not fit is the specification's fault, not this machine's.
Status Trouble(const std::string& what) {
  if (errno == ENOSPC) return ResourceExhausted(what + ": the disk is full");
  if (errno == ELOOP) return Unavailable(what + ": a symbolic link is in the way");
  return Failed(what);
}

// A folder below another. Trees hold links of anybody's making, and this is not yet the box' root:
// none is followed.
Descriptor OpenFolder(int folder, const std::string& path) {
  open_how how = {};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return Descriptor(
      static_cast<int>(syscall(SYS_openat2, folder, path.c_str(), &how, sizeof(how))));
}

Descriptor OpenWork() { return Descriptor(open(kWork, O_PATH | O_DIRECTORY | O_CLOEXEC)); }

// "a/b/c" as the folder that holds it, "a/b" or ".", and its name there.
std::pair<std::string, std::string> Split(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// As OpenFolder, and makes what is missing on the way: the program's.
Descriptor MakeFolders(int work, const std::string& path, const BoxPlan& plan) {
  Descriptor at = OpenFolder(work, path);
  if (at.ok() || errno != ENOENT) return at;
  at = OpenFolder(work, ".");
  for (size_t begin = 0; at.ok() && begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    begin = end + 1;
    const bool made = mkdirat(at.get(), name.c_str(), 0755) == 0;
    if (!made && errno != EEXIST) return Descriptor(-1);
    if (made && plan.root && fchownat(at.get(), name.c_str(), plan.uid, plan.uid, 0) != 0) {
      return Descriptor(-1);
    }
    at = OpenFolder(at.get(), name);
  }
  return at;
}

// A new file, in the place of a tree's. Names are told apart by CheckSpec: it replaces no other of
// the specification's.
Descriptor MakeFile(int folder, const std::string& name) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  Descriptor file(openat(folder, name.c_str(), kFlags, 0600));
  if (file.ok() || errno != EEXIST || unlinkat(folder, name.c_str(), 0) != 0) return file;
  return Descriptor(openat(folder, name.c_str(), kFlags, 0600));
}

bool Fill(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(file, bytes.data(), bytes.size());
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

Status PlaceFile(int work, const SandboxFile& file, const BoxPlan& plan) {
  const auto [path, name] = Split(file.path);
  const Descriptor below = path == "." ? Descriptor(-1) : MakeFolders(work, path, plan);
  if (path != "." && !below.ok()) return Trouble("cannot place " + file.path);
  const Descriptor placed = MakeFile(path == "." ? work : below.get(), name);
  if (!placed.ok() || !Fill(placed.get(), file.bytes) ||
      (plan.root && fchown(placed.get(), plan.uid, plan.uid) != 0) ||
      fchmod(placed.get(), static_cast<mode_t>(file.mode) & 0777) != 0) {
    return Trouble("cannot place " + file.path);
  }
  return {};
}

// A file, or a folder with all that it holds. False, with errno, at the first that stays.
bool Remove(int folder, const char* name) {
  if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) return true;
  if (errno != EISDIR) return false;
  const int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR* list = fd < 0 ? nullptr : fdopendir(fd);
  if (list == nullptr) return false;
  bool good = true;
  while (const dirent* entry = good ? readdir(list) : nullptr) {
    const std::string_view held = entry->d_name;
    if (held != "." && held != "..") good = Remove(fd, entry->d_name);
  }
  const int error = errno;
  closedir(list);
  errno = error;
  return good && unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

Status RemovePath(int work, const std::string& removed) {
  const auto [path, name] = Split(removed);
  const Descriptor folder = OpenFolder(work, path);
  if (!folder.ok() && (errno == ENOENT || errno == ENOTDIR)) return {};
  if (folder.ok() && Remove(folder.get(), name.c_str())) return {};
  return Trouble("cannot remove " + removed);
}

}  // namespace

Status LayFiles(const BoxPlan& plan) {
  if (plan.spec.removed.empty() && plan.spec.files.empty()) return {};
  const Descriptor work = OpenWork();
  if (!work.ok()) return Failed("cannot open /work");
  for (const std::string& path : plan.spec.removed) {
    COHORT_RETURN_IF_ERROR(RemovePath(work.get(), path));
  }
  for (const SandboxFile& file : plan.spec.files) {
    COHORT_RETURN_IF_ERROR(PlaceFile(work.get(), file, plan));
  }
  return {};
}

}  // namespace cohort
