#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "reward_workers/sandbox/box.h"
#include "reward_workers/sandbox/system_calls.h"

namespace cohort {
namespace {

constexpr char kNew[] = "/new";
constexpr char kDisk[] = "/disk";  // of a box with trees
constexpr char kChanges[] = "/disk/tree-";
constexpr uint64_t kOwnBytes = 256 << 10;  // folders, passwd: on the disk but not the program's
constexpr uint64_t kOwnInodes = 64;
constexpr uint64_t kInodesPerTree = 8;
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

// The folders on the way to a path of the box. (No bind lies in another: no links are on it.)
Status FoldersTo(const std::string& path) {
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = New(path.substr(0, slash));
    if (mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return Failed("cannot make " + folder);
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

// A tree in its place, behind an overlay whose changes lie in `changes`. What the program sees as
// the tree's root folder is the one there.
Status LayWritable(const BoxPlan& plan, mode_t mode, const std::string& tree,
                   const std::string& changes, const std::string& target) {
  const std::string upper = changes + "/upper", work = changes + "/work";
  COHORT_RETURN_IF_ERROR(Folder(changes, 0700));
  COHORT_RETURN_IF_ERROR(Folder(upper, mode & 0777));
  COHORT_RETURN_IF_ERROR(Folder(work, 0700));
  if (plan.root && chown(upper.c_str(), plan.uid, plan.uid) != 0) {
    return Failed("cannot give " + target);
  }
  return Mount("overlay", target, "overlay", kDull,
               "lowerdir=" + tree + ",upperdir=" + upper + ",workdir=" + work +
                   (plan.root ? ",redirect_dir=on" : ",userxattr"));
}

Status AddBind(const BoxPlan& plan, size_t index) {
  const SandboxBind& bind = plan.spec.binds[index];
  const std::string target = New(bind.target.substr(1));
  const std::string number = std::to_string(index);
  const int tree = plan.trees[index];
  COHORT_RETURN_IF_ERROR(FoldersTo(bind.target.substr(1)));
  struct stat status = {};
  if (fstat(tree, &status) != 0) return Failed("cannot see " + bind.source);
  if (!S_ISDIR(status.st_mode)) {
    COHORT_RETURN_IF_ERROR(WriteText(target, ""));
    return PutTree(tree, target);
  }
  if (mkdir(target.c_str(), 0755) != 0 && errno != EEXIST) return Failed("cannot make " + target);
  if (!plan.base->overlay) return PutTree(tree, target);
  const std::string place = "/tree-" + number;
  COHORT_RETURN_IF_ERROR(PutTree(tree, place));
  if (!bind.writable) return Lay(*plan.base, place, target);
  return LayWritable(plan, status.st_mode, place, kChanges + number, target);
}

Status AddBinds(const BoxPlan& plan) {
  for (size_t i = 0; i < plan.trees.size(); ++i) COHORT_RETURN_IF_ERROR(AddBind(plan, i));
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

std::string DiskOptions(uint64_t bytes, size_t trees) {
  const uint64_t inodes =
      std::max(kLeastInodes, bytes / kBytesPerInode) + kOwnInodes + trees * kInodesPerTree;
  return "mode=0755,size=" + std::to_string(bytes + kOwnBytes) +
         ",nr_inodes=" + std::to_string(inodes);
}

// The box' root on its disk. With trees it is a folder there, and their changes lie in another: no
// path leads the program to them.
Status MakeDisk(const BoxPlan& plan) {
  const auto writable = [](const SandboxBind& bind) { return bind.writable; };
  const std::vector<SandboxBind>& binds = plan.spec.binds;
  const auto trees = static_cast<size_t>(std::count_if(binds.begin(), binds.end(), writable));
  const std::string options = DiskOptions(plan.spec.limits.disk, trees);
  if (trees == 0) return Mount("tmpfs", kNew, "tmpfs", MS_NOSUID, options);
  const std::string root = std::string(kDisk) + "/root";
  COHORT_RETURN_IF_ERROR(Mount("tmpfs", kDisk, "tmpfs", MS_NOSUID, options));
  COHORT_RETURN_IF_ERROR(Folder(root, 0755));
  return BindMount(root, kNew);
}

}  // namespace

Status LayOutBox(const BoxPlan& plan) {
  umask(0);
  COHORT_RETURN_IF_ERROR(MakeDisk(plan));
  COHORT_RETURN_IF_ERROR(AddBase(*plan.base));
  COHORT_RETURN_IF_ERROR(AddIdentity(plan.uid));
  COHORT_RETURN_IF_ERROR(AddDevices(plan.root));
  COHORT_RETURN_IF_ERROR(AddProc(plan.base->own_proc));
  COHORT_RETURN_IF_ERROR(AddDisk(plan));
  COHORT_RETURN_IF_ERROR(AddBinds(plan));
  COHORT_RETURN_IF_ERROR(LayFiles(plan));
  COHORT_RETURN_IF_ERROR(BindMount("none", kNew, MS_REMOUNT | MS_RDONLY | MS_NOSUID));
  return PivotRoot(kNew);
}

Status CheckTrees(const BaseTree& base, const SandboxSpec& spec) {
  for (const SandboxBind& bind : spec.binds) {
    if (bind.writable && !base.trees) {
      return Unavailable("no writable " + bind.target +
                         ": this machine has no copy-on-write trees");
    }
  }
  return {};
}

// Whether folders that were removed can be made again, which takes more than the mount.
bool TryTree(const BoxPlan& plan) {
  const std::string tree = New("tree"), place = New("place");
  return Folder(tree, 0755).ok() && Folder(tree + "/a", 0755).ok() && Folder(place, 0755).ok() &&
         LayWritable(plan, 0755, tree, New("changes"), place).ok() &&
         rmdir((place + "/a").c_str()) == 0 && mkdir((place + "/a").c_str(), 0755) == 0;
}

BoxTrial TryBoxTree(bool root) {
  BoxTrial trial;
  BaseTree base;
  base.overlay = true;
  if (!Mount("tmpfs", kNew, "tmpfs", MS_NOSUID, "").ok()) return trial;
  if (!Folder(New("o"), 0755).ok() || !Folder(New("p"), 0755).ok()) return trial;
  trial.overlay = Lay(base, "/etc", New("o")).ok();
  trial.proc = Mount("proc", New("p"), "proc", kDull | MS_NOEXEC, "hidepid=2").ok();
  BoxPlan plan;
  plan.root = root;
  trial.trees = trial.overlay && TryTree(plan);
  return trial;
}

}  // namespace cohort
