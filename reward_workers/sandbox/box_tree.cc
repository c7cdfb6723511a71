#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "reward_workers/sandbox/box.h"
#include "reward_workers/sandbox/system_calls.h"

namespace cohort {
namespace {

constexpr char kNew[] = "/new";
constexpr uint64_t kOwnBytes = 256 << 10;  // folders, passwd: on the disk but not the program's
constexpr uint64_t kOwnInodes = 64;
constexpr uint64_t kBytesPerInode = 4096;
constexpr uint64_t kLeastInodes = 1024;
constexpr unsigned long kDull = MS_NOSUID | MS_NODEV;
// Readable by all, and about others. (What only root may read there nobody reads: the program is
// never root.)
constexpr const char* kHiddenInProc[] = {"keys", "key-users", "kallsyms"};

std::string New(const std::string& name) { return std::string(kNew) + "/" + name; }

Status Folder(const std::string& path, mode_t mode) {
  if (mkdir(path.c_str(), mode) == 0) return {};
  return Failed("cannot make " + path);
}

// The folders on the way to `path` below `root`, which exists; owned by the program.
Status FoldersTo(const std::string& root, const std::string& path, uid_t owner, bool give) {
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = root + "/" + path.substr(0, slash);
    if (mkdir(folder.c_str(), 0755) != 0) {
      if (errno == EEXIST) continue;
      return Failed("cannot make " + path.substr(0, slash));
    }
    if (give && chown(folder.c_str(), owner, owner) != 0) return Failed("cannot give " + folder);
  }
  return {};
}

// A part of the base in its place: behind an overlay, its files are this box' own.
Status Lay(const BaseTree& base, const std::string& source, const std::string& target) {
  if (base.overlay) {
    return Mount("overlay", target, "overlay", kDull | MS_RDONLY, "lowerdir=" + source + ":/empty");
  }
  return BindMount(source, target, MS_REC);
}

Status AddBase(const BaseTree& base) {
  for (const std::string& name : base.folders) {
    COHORT_RETURN_IF_ERROR(Folder(New(name), 0755));
    COHORT_RETURN_IF_ERROR(Lay(base, "/system/" + name, New(name)));
  }
  for (const auto& [name, target] : base.links) {
    if (symlink(target.c_str(), New(name).c_str()) != 0) return Failed("cannot link " + name);
  }
  COHORT_RETURN_IF_ERROR(Folder(New("etc"), 0755));
  return Lay(base, "/etc", New("etc"));
}

Status AddIdentity(uid_t uid) {
  const std::string id = std::to_string(uid);
  COHORT_RETURN_IF_ERROR(Folder(New("run"), 0755));
  COHORT_RETURN_IF_ERROR(WriteText(New("run/passwd"), "root:x:0:0:root:/:/bin/sh\nrunner:x:" + id +
                                                          ":" + id + ":runner:/work:/bin/sh\n"));
  return WriteText(New("run/group"), "root:x:0:\nrunner:x:" + id + ":\n");
}

Status AddDevices(bool root) {
  COHORT_RETURN_IF_ERROR(Folder(New("dev"), 0755));
  for (const char* name : {"null", "zero", "full", "random", "urandom"}) {
    const std::string source = "/devices/" + std::string(name);
    const std::string target = New("dev/" + std::string(name));
    if (root) {
      struct stat status = {};
      if (stat(source.c_str(), &status) != 0 ||
          mknod(target.c_str(), S_IFCHR | 0666, status.st_rdev) != 0) {
        return Failed("cannot make " + target);
      }
    } else {
      COHORT_RETURN_IF_ERROR(WriteText(target, ""));
      COHORT_RETURN_IF_ERROR(BindMount(source, target));
    }
  }
  const std::pair<const char*, const char*> links[] = {{"fd", "/proc/self/fd"},
                                                       {"stdin", "/proc/self/fd/0"},
                                                       {"stdout", "/proc/self/fd/1"},
                                                       {"stderr", "/proc/self/fd/2"}};
  for (const auto& [name, target] : links) {
    if (symlink(target, New("dev/" + std::string(name)).c_str()) != 0)
      return Failed("cannot link /dev");
  }
  return {};
}

Status AddProc(bool own) {
  COHORT_RETURN_IF_ERROR(Folder(New("proc"), 0555));
  if (!own) return {};
  COHORT_RETURN_IF_ERROR(Mount("proc", New("proc"), "proc", kDull | MS_NOEXEC, "hidepid=2"));
  for (const char* name : kHiddenInProc) {
    const std::string path = New("proc/" + std::string(name));
    if (access(path.c_str(), F_OK) != 0) continue;
    COHORT_RETURN_IF_ERROR(BindMount(New("dev/null"), path));
  }
  return {};
}

Status AddBinds(const BoxPlan& plan) {
  for (size_t i = 0; i < plan.trees.size(); ++i) {
    const std::string path = plan.spec.binds[i].target.substr(1);
    const std::string target = New(path);
    COHORT_RETURN_IF_ERROR(FoldersTo(kNew, path, plan.uid, /*give=*/false));
    struct stat status = {};
    if (fstat(plan.trees[i], &status) != 0)
      return Failed("cannot see " + plan.spec.binds[i].source);
    if (S_ISDIR(status.st_mode)) {
      if (mkdir(target.c_str(), 0755) != 0 && errno != EEXIST)
        return Failed("cannot make " + target);
      if (plan.base->overlay) {
        const std::string place = "/tree-" + std::to_string(i);
        COHORT_RETURN_IF_ERROR(PutTree(plan.trees[i], place));
        COHORT_RETURN_IF_ERROR(Lay(*plan.base, place, target));
        continue;
      }
    } else {
      COHORT_RETURN_IF_ERROR(WriteText(target, ""));
    }
    COHORT_RETURN_IF_ERROR(PutTree(plan.trees[i], target));
  }
  return {};
}

Status AddFiles(const BoxPlan& plan) {
  const std::string work = New("work");
  for (const SandboxFile& file : plan.spec.files) {
    COHORT_RETURN_IF_ERROR(FoldersTo(work, file.path, plan.uid, plan.root));
    const std::string path = work + "/" + file.path;
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == ENOSPC) return ResourceExhausted("too many files");
    if (fd < 0) return Failed("cannot place " + file.path);
    std::string_view bytes = file.bytes;
    while (!bytes.empty()) {
      const ssize_t count = write(fd, bytes.data(), bytes.size());
      if (count <= 0) break;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    const bool good = bytes.empty() && (!plan.root || fchown(fd, plan.uid, plan.uid) == 0) &&
                      fchmod(fd, static_cast<mode_t>(file.mode) & 0777) == 0;
    Status status;
    if (!good) {
      status = Failed("cannot place " + file.path);
      if (errno == ENOSPC) status = ResourceExhausted(status.message());
    }
    close(fd);
    COHORT_RETURN_IF_ERROR(status);
  }
  return {};
}

// The parts of the disk that the program may write: mounts of their own, as their root will not be.
Status AddDisk(const BoxPlan& plan) {
  const std::pair<const char*, mode_t> folders[] = {
      {"work", 0755}, {"tmp", 01777}, {"dev/shm", 01777}};
  for (const auto& [name, mode] : folders) {
    const std::string path = New(name);
    COHORT_RETURN_IF_ERROR(Folder(path, mode));
    if (mode == 0755 && plan.root && chown(path.c_str(), plan.uid, plan.uid) != 0) {
      return Failed("cannot give " + path);
    }
    COHORT_RETURN_IF_ERROR(BindMount(path, path));
  }
  return {};
}

std::string DiskOptions(uint64_t bytes) {
  const uint64_t inodes = std::max(kLeastInodes, bytes / kBytesPerInode) + kOwnInodes;
  return "mode=0755,size=" + std::to_string(bytes + kOwnBytes) +
         ",nr_inodes=" + std::to_string(inodes);
}

}  // namespace

Status LayOutBox(const BoxPlan& plan) {
  umask(0);
  COHORT_RETURN_IF_ERROR(
      Mount("tmpfs", kNew, "tmpfs", MS_NOSUID, DiskOptions(plan.spec.limits.disk)));
  COHORT_RETURN_IF_ERROR(AddBase(*plan.base));
  COHORT_RETURN_IF_ERROR(AddIdentity(plan.uid));
  COHORT_RETURN_IF_ERROR(AddDevices(plan.root));
  COHORT_RETURN_IF_ERROR(AddProc(plan.base->own_proc));
  COHORT_RETURN_IF_ERROR(AddDisk(plan));
  COHORT_RETURN_IF_ERROR(AddBinds(plan));
  COHORT_RETURN_IF_ERROR(AddFiles(plan));
  COHORT_RETURN_IF_ERROR(BindMount("none", kNew, MS_REMOUNT | MS_RDONLY | MS_NOSUID));
  return PivotRoot(kNew);
}

BoxTrial TryBoxTree() {
  BoxTrial trial;
  BaseTree base;
  base.overlay = true;
  if (!Mount("tmpfs", kNew, "tmpfs", MS_NOSUID, "").ok()) return trial;
  if (!Folder(New("o"), 0755).ok() || !Folder(New("p"), 0755).ok()) return trial;
  trial.overlay = Lay(base, "/etc", New("o")).ok();
  trial.proc = Mount("proc", New("p"), "proc", kDull | MS_NOEXEC, "hidepid=2").ok();
  return trial;
}

}  // namespace cohort
