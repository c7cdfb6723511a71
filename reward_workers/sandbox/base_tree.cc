#include "reward_workers/sandbox/base_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "reward_workers/sandbox/system_calls.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;

constexpr char kBuild[] = "/tmp";  // any folder that every machine has
constexpr const char* kSystem[] = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"};
// Copied if they are there: nothing that tells about this machine or its users.
constexpr const char* kSettings[] = {
    "alternatives",    "ld.so.cache", "ld.so.conf",     "ld.so.conf.d", "localtime",
    "mime.types",      "protocols",   "services",       "python3",      "python3.11",
    "java-17-openjdk", "fonts",       "ssl/openssl.cnf"};

struct Device {
  const char* name;
  unsigned minor;
};
constexpr Device kDevices[] = {
    {"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};

std::string Build(const std::string& name) { return std::string(kBuild) + "/" + name; }

Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
  return Failed("cannot make " + path);
}

Status AddSystem(BaseTree& base) {
  COHORT_RETURN_IF_ERROR(MakeFolder(Build("system")));
  for (const char* name : kSystem) {
    const std::string path = std::string("/") + name;
    struct stat status = {};
    if (lstat(path.c_str(), &status) != 0) continue;
    if (S_ISLNK(status.st_mode)) {
      std::error_code error;
      base.links.emplace_back(name, fs::read_symlink(path, error).string());
    } else if (S_ISDIR(status.st_mode)) {
      const std::string target = Build("system/" + std::string(name));
      COHORT_RETURN_IF_ERROR(MakeFolder(target));
      COHORT_ASSIGN_OR_RETURN(const int tree, TakeTree(path));
      const Status put = PutTree(tree, target);
      close(tree);
      COHORT_RETURN_IF_ERROR(put);
      base.folders.emplace_back(name);
    }
  }
  if (base.folders.empty()) return NotFound("this machine has no /usr");
  return {};
}

Status AddSettings() {
  COHORT_RETURN_IF_ERROR(MakeFolder(Build("etc")));
  std::error_code error;
  for (const char* name : kSettings) {
    const fs::path source = fs::path("/etc") / name;
    const fs::path target = fs::path(Build("etc")) / name;
    if (!fs::exists(fs::symlink_status(source, error))) continue;
    fs::create_directories(target.parent_path(), error);
    fs::copy(source, target, fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
  }
  const std::pair<const char*, const char*> written[] = {
      {"hosts", "127.0.0.1 localhost box\n::1 localhost box\n"},
      {"hostname", "box\n"},
      {"resolv.conf", ""},
      {"nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\nservices: files\n"},
      {"shells", "/bin/sh\n"},
  };
  for (const auto& [name, text] : written) {
    COHORT_RETURN_IF_ERROR(WriteText(Build("etc/" + std::string(name)), text));
  }
  // Who the program is differs from box to box.
  for (const char* name : {"passwd", "group"}) {
    fs::create_symlink("../run/" + std::string(name), Build("etc/" + std::string(name)), error);
    if (error) return Unavailable("cannot make /etc: " + error.message());
  }
  return {};
}

Status AddDevices(bool own) {
  COHORT_RETURN_IF_ERROR(MakeFolder(Build("devices")));
  for (const Device& device : kDevices) {
    const std::string path = Build("devices/" + std::string(device.name));
    if (own) {
      if (mknod(path.c_str(), S_IFCHR | 0666, makedev(1, device.minor)) != 0) {
        return Failed("cannot make the device " + path);
      }
    } else {
      COHORT_RETURN_IF_ERROR(WriteText(path, ""));
      COHORT_RETURN_IF_ERROR(BindMount("/dev/" + std::string(device.name), path));
    }
  }
  return {};
}

Status AddPlaces(const std::vector<std::string>& keep) {
  for (const char* name : {"empty", "new", "disk", "proc"}) {
    COHORT_RETURN_IF_ERROR(MakeFolder(Build(name)));
  }
  for (int i = 0; i < kMaxBinds; ++i) {
    COHORT_RETURN_IF_ERROR(MakeFolder(Build("tree-" + std::to_string(i))));
  }
  for (size_t i = 0; i < keep.size(); ++i) {
    const std::string target = Build("kept-" + std::to_string(i));
    COHORT_RETURN_IF_ERROR(MakeFolder(target));
    COHORT_RETURN_IF_ERROR(BindMount(keep[i], target));
  }
  // In a user namespace a new /proc is allowed only to those who see a whole one already.
  return BindMount("/proc", Build("proc"), MS_REC);
}

Result<int> ThisNamespace() {
  const int fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failed("cannot open the namespace of mounts");
  return fd;
}

}  // namespace

Result<BaseTree> EnterBaseTree(bool own_devices, const std::vector<std::string>& keep) {
  umask(0);
  BaseTree base;
  // Nothing that happens here is seen elsewhere; mounts that are made later elsewhere are seen in
  // `outside`.
  if (unshare(CLONE_NEWNS) != 0) return Failed("cannot have mounts of its own");
  if (mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0)
    return Failed("mount --make-rslave /");
  COHORT_ASSIGN_OR_RETURN(base.outside, ThisNamespace());
  if (unshare(CLONE_NEWNS) != 0) return Failed("cannot have mounts of its own");
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return Failed("mount --make-rprivate /");
  COHORT_ASSIGN_OR_RETURN(base.inside, ThisNamespace());

  COHORT_RETURN_IF_ERROR(Mount("tmpfs", kBuild, "tmpfs", MS_NOSUID, "size=64m,mode=0755"));
  COHORT_RETURN_IF_ERROR(AddSystem(base));
  COHORT_RETURN_IF_ERROR(AddSettings());
  COHORT_RETURN_IF_ERROR(AddDevices(own_devices));
  COHORT_RETURN_IF_ERROR(AddPlaces(keep));
  COHORT_RETURN_IF_ERROR(PivotRoot(kBuild));
  return base;
}

Result<std::vector<int>> TakeOutside(const BaseTree& base, const std::vector<SandboxBind>& binds) {
  std::vector<int> trees;
  if (binds.empty()) return trees;
  if (setns(base.outside, CLONE_NEWNS) != 0) return Failed("cannot see this machine's files");
  Status status;
  for (const SandboxBind& bind : binds) {
    Result<int> tree = TakeTree(bind.source, /*recursive=*/!bind.writable);
    if (!tree.ok()) {
      status = tree.status();
      break;
    }
    trees.push_back(*tree);
  }
  if (setns(base.inside, CLONE_NEWNS) != 0) status = Failed("cannot go back into the base");
  if (status.ok()) return trees;
  for (const int tree : trees) close(tree);
  return status;
}

}  // namespace cohort
