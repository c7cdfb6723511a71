#include "reward_workers/sandbox/tree_owner.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reward_workers/sandbox/system_calls.h"

namespace cohort {
namespace {

// "inside outside count" lines: `owner` is shown as `user`, and below `user` everybody as he is.
std::string Map(uid_t owner, uid_t user) {
  const auto line = [](uid_t inside, uid_t outside, uid_t count) {
    return count == 0 ? ""
                      : std::to_string(inside) + " " + std::to_string(outside) + " " +
                            std::to_string(count) + "\n";
  };
  if (owner >= user) return line(0, 0, user) + line(owner, user, 1);
  return line(0, 0, owner) + line(owner, user, 1) + line(owner + 1, owner + 1, user - owner - 1);
}

Result<int> MappedNamespace(pid_t member, const std::string& users, const std::string& groups) {
  const std::string process = "/proc/" + std::to_string(member);
  COHORT_RETURN_IF_ERROR(WriteText(process + "/uid_map", users));
  COHORT_RETURN_IF_ERROR(WriteText(process + "/gid_map", groups));
  const int space = open((process + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC);
  if (space < 0) return Failed("cannot open " + process + "/ns/user");
  return space;
}

// A user namespace with no other use than its maps. It is a process' until it is opened.
Result<int> UserNamespace(const std::string& users, const std::string& groups) {
  clone_args arguments = {};
  arguments.flags = CLONE_NEWUSER;
  arguments.exit_signal = SIGCHLD;
  const auto member = static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof(arguments)));
  if (member < 0) return Failed("cannot make a user namespace");
  if (member == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  Result<int> space = MappedNamespace(member, users, groups);
  kill(member, SIGKILL);
  waitpid(member, nullptr, 0);
  return space;
}

Result<struct stat> RootFolder(int tree, const std::string& source) {
  struct stat status = {};
  if (fstat(tree, &status) != 0) return Failed("cannot see " + source);
  if (!S_ISDIR(status.st_mode)) return Unavailable(source + " is no folder: it cannot be writable");
  return status;
}

}  // namespace

Status ShowAs(uid_t user, int tree, const std::string& source) {
  COHORT_ASSIGN_OR_RETURN(const struct stat status, RootFolder(tree, source));
  COHORT_ASSIGN_OR_RETURN(const int space,
                          UserNamespace(Map(status.st_uid, user), Map(status.st_gid, user)));
  mount_attr wanted = {};
  wanted.attr_set = MOUNT_ATTR_IDMAP;
  wanted.userns_fd = static_cast<uint64_t>(space);
  Status shown;
  if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &wanted, sizeof(wanted)) != 0) {
    shown = Failed("the file system of " + source + " cannot show its files as the program's");
  }
  close(space);
  return shown;
}

Status CanShow() {
  COHORT_ASSIGN_OR_RETURN(const int space, UserNamespace(Map(0, 1), Map(0, 1)));
  close(space);
  return {};
}

Status CheckIsOurs(int tree, const std::string& source) {
  COHORT_ASSIGN_OR_RETURN(const struct stat status, RootFolder(tree, source));
  if (status.st_uid == geteuid() && status.st_gid == getegid()) return {};
  return Unavailable(source +
                     " is not the user's, and group's, who makes boxes: only root could show it as "
                     "the program's");
}

}  // namespace cohort
