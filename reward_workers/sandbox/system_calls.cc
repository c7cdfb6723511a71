#include "reward_workers/sandbox/system_calls.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

namespace cohort {
namespace {

int SetAttributes(int folder, const char* path, unsigned flags, uint64_t attributes) {
  mount_attr wanted = {};
  wanted.attr_set = attributes;
  return static_cast<int>(
      syscall(SYS_mount_setattr, folder, path, flags | AT_RECURSIVE, &wanted, sizeof(wanted)));
}

}  // namespace

Result<int> TakeTree(const std::string& path, bool recursive) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0U);
  const int tree = static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, path.c_str(), flags));
  if (tree < 0) return Failed("cannot take " + path);
  if (SetAttributes(tree, "", AT_EMPTY_PATH,
                    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV) != 0) {
    const Status status = Failed("cannot make " + path + " read-only");
    close(tree);
    return status;
  }
  return tree;
}

Status PutTree(int tree, const std::string& target) {
  if (syscall(SYS_move_mount, tree, "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0) {
    return {};
  }
  return Failed("cannot mount on " + target);
}

Status MakeReadOnly(const std::string& path) {
  if (SetAttributes(AT_FDCWD, path.c_str(), 0, MOUNT_ATTR_RDONLY) == 0) return {};
  return Failed("cannot make " + path + " read-only");
}

Status PivotRoot(const std::string& folder) {
  if (chdir(folder.c_str()) != 0) return Failed("cannot enter " + folder);
  if (syscall(SYS_pivot_root, ".", ".") != 0) return Failed("pivot_root");
  if (umount2(".", MNT_DETACH) != 0) return Failed("cannot leave the old root");
  if (chdir("/") != 0) return Failed("cannot enter the new root");
  return {};
}

Status WriteText(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return Failed("cannot open " + path);
  const ssize_t count = write(fd, text.data(), text.size());
  const Status status =
      count == static_cast<ssize_t>(text.size()) ? Status() : Failed("cannot write " + path);
  close(fd);
  return status;
}

}  // namespace cohort
