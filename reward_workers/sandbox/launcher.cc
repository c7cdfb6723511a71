#include "reward_workers/sandbox/launcher.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "reward_workers/sandbox/box.h"
#include "reward_workers/sandbox/cgroup_files.h"
#include "reward_workers/sandbox/syscall_filter.h"
#include "reward_workers/sandbox/system_calls.h"
#include "reward_workers/sandbox/tree_owner.h"

namespace cohort {
namespace {

// Of each box; its network is entered before.
constexpr uint64_t kNamespaces =
    CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
// User ids that no distribution, container or service manager hands out.
constexpr uid_t kFirstUid = 1'879'048'192;
constexpr uid_t kUids = 268'435'454;
// An idle launcher keeps nothing in stock.
constexpr int kIdleMilliseconds = 1000;
constexpr uid_t kUidWithoutRoot = 1000;  // as seen in the box

// As fork, with namespaces. In the child: 0.
pid_t Clone(uint64_t flags) {
  clone_args arguments = {};
  arguments.flags = flags;
  arguments.exit_signal = SIGCHLD;
  return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof(arguments)));
}

// Whether root is root here: in a container's user namespace most ids may be missing.
bool IsRoot() {
  uint64_t inside = 1, outside = 1, count = 0;
  const std::string map = ReadControlFile("/proc/self/uid_map");
  return geteuid() == 0 &&
         std::sscanf(map.c_str(), "%lu %lu %lu", &inside, &outside, &count) == 3 && inside == 0 &&
         count > kFirstUid + kUids;
}

void CloseAll(const std::vector<int>& fds) {
  for (const int fd : fds) close(fd);
}

}  // namespace

struct Launcher::Request {
  std::string spec;
  int report = -1;  // the library's socket
  int input = -1;   // the program's stdin; −1: none
  bool channel = false;
};

Launcher::Launcher(const LauncherOptions& options)
    : root_(options.as_user == 0 && IsRoot()),
      flags_(kNamespaces | (root_ ? 0 : CLONE_NEWUSER)),
      cgroups_({options.cgroups, options.cgroup, options.as_user}) {}

Result<std::unique_ptr<Launcher>> Launcher::Prepare(const LauncherOptions& options) {
  auto launcher = std::unique_ptr<Launcher>(new Launcher(options));
  launcher->mechanisms_ = launcher->cgroups_.mechanisms();
  launcher->cgroup_folders_ = launcher->cgroups_.folders();
  COHORT_RETURN_IF_ERROR(launcher->BecomeUser(options));
  COHORT_ASSIGN_OR_RETURN(launcher->base_,
                          EnterBaseTree(launcher->root_, launcher->cgroup_folders_));
  std::vector<std::string> seen;
  for (size_t i = 0; i < launcher->cgroup_folders_.size(); ++i) {
    seen.push_back("/kept-" + std::to_string(i));
  }
  launcher->cgroups_.SeenAs(seen);
  launcher->TryBox();
  COHORT_ASSIGN_OR_RETURN(launcher->filter_,
                          BuildSyscallFilter({.refuse_hidden_memory = !launcher->cgroups_.has(
                                                  MechanismKind::kMemoryCgroup)}));
  return launcher;
}

// Either root, who makes boxes as such, or a user with a user namespace.
Status Launcher::BecomeUser(const LauncherOptions& options) {
  uint32_t random = 0;
  if (getrandom(&random, sizeof(random), 0) != sizeof(random)) return Failed("getrandom");
  next_uid_ = random % kUids;
  if (options.as_user != 0) {
    const uid_t user = options.as_user;
    if (setgroups(0, nullptr) != 0 || setresgid(user, user, user) != 0 ||
        setresuid(user, user, user) != 0) {
      return Failed("cannot become user " + std::to_string(user));
    }
  }
  if (!root_) {
    const uid_t user = geteuid();
    const gid_t group = getegid();
    if (unshare(CLONE_NEWUSER) != 0) return Failed("this user cannot have a user namespace");
    COHORT_RETURN_IF_ERROR(MapUser(0, user, group).WithContext("user namespace"));
  }
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return Failed("PR_SET_DUMPABLE");
  return {};
}

// What the kernel allows in a box, from a box that does nothing else.
void Launcher::TryBox() {
  Result<std::unique_ptr<Network>> network = networks_.Enter();
  const pid_t pid = Clone(flags_);
  if (pid == 0) {
    if (!root_ && !MapUser(kUidWithoutRoot, 0, 0).ok()) _exit(64);
    const BoxTrial trial = TryBoxTree(root_);
    _exit((trial.overlay ? 1 : 0) | (trial.proc ? 2 : 0) | (trial.trees ? 4 : 0));
  }
  int status = 0;
  std::string trouble = pid < 0 ? strerror(errno) : "";
  const bool ended = pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status);
  int found = ended ? WEXITSTATUS(status) : 64;
  if (!network.ok()) {
    found = 64;
    trouble = network.status().message();
  } else {
    networks_.GiveBack(*std::move(network));
  }
  base_.overlay = (found & 1) != 0;
  base_.own_proc = (found & 2) != 0;
  const Status owners = root_ ? CanShow() : Status();
  base_.trees = (found & 4) != 0 && owners.ok();
  using enum MechanismKind;
  const auto tell = [&](MechanismKind kind, bool present, const std::string& detail) {
    mechanisms_.push_back({kind, present, detail});
  };
  tell(kNamespaces, found < 64,
       found < 64 ? (root_ ? "by root" : "in a user namespace") : "cannot be made: " + trouble);
  tell(kSystemCalls, true, "seccomp");
  tell(kFolders, true, "pivot_root");
  tell(kDisk, true, "tmpfs");
  tell(kLoopback, network.ok(), "");
  tell(kOwnUid, root_, root_ ? "a new one for each run" : "only root can have them");
  tell(kOwnDevices, root_, root_ ? "made for each run" : "only root can make them");
  tell(kOwnBase, base_.overlay, base_.overlay ? "overlay" : "the kernel refuses an overlay");
  tell(kOwnProc, base_.own_proc,
       base_.own_proc ? "other users' processes are hidden" : "the kernel refuses a new /proc");
  tell(kTrees, base_.trees,
       base_.trees   ? "overlay"
       : owners.ok() ? "the kernel refuses an overlay that can be written"
                     : owners.message());
  std::sort(mechanisms_.begin(), mechanisms_.end(),
            [](const Mechanism& a, const Mechanism& b) { return a.kind < b.kind; });
}

LauncherHello Launcher::Hello() const {
  LauncherHello hello;
  hello.mechanisms = mechanisms_;
  hello.folders = cgroup_folders_;
  for (const Mechanism& mechanism : mechanisms_) {
    if (!mechanism.present && IsNeeded(mechanism.kind)) {
      hello.failure = std::string(MechanismName(mechanism.kind)) + " " + mechanism.detail;
    }
  }
  return hello;
}

void Launcher::Serve(int socket) {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, nullptr);
  const int signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  for (bool open = signals >= 0; open;) {
    pollfd fds[] = {{socket, POLLIN, 0}, {signals, POLLIN, 0}};
    const int events = poll(fds, 2, boxes_.empty() && holds_ ? kIdleMilliseconds : -1);
    if (events < 0) continue;
    if (events == 0) LetGo();
    if (fds[1].revents != 0) {
      signalfd_siginfo ignored;
      while (read(signals, &ignored, sizeof(ignored)) > 0) {
      }
      Reap();
    }
    if (fds[0].revents != 0) open = TakeRequest(socket);
  }
  for (const auto& [pid, box] : boxes_) kill(pid, SIGKILL);
  while (!boxes_.empty()) {
    Reap();
    if (!boxes_.empty()) poll(nullptr, 0, 1);
  }
  if (setns(base_.outside, CLONE_NEWNS) != 0) return;
  for (const std::string& folder : cgroup_folders_) RemoveCgroupFolder(folder);
}

bool Launcher::TakeRequest(int socket) {
  std::string message(sizeof(RequestHead) + kMostInlineBytes, '\0');
  alignas(cmsghdr) char control[CMSG_SPACE(kMostRequestFds * sizeof(int))];
  iovec part = {message.data(), message.size()};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  const ssize_t count = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  if (count < 0) return errno == EINTR;
  if (count == 0) return false;
  std::vector<int> fds;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const auto* values = reinterpret_cast<const int*>(CMSG_DATA(item));
    fds.insert(fds.end(), values, values + (item->cmsg_len - CMSG_LEN(0)) / sizeof(int));
  }
  message.resize(static_cast<size_t>(count));
  HandleRequest(message, fds);
  CloseAll(fds);
  return true;
}

void Launcher::HandleRequest(const std::string& message, const std::vector<int>& fds) {
  RequestHead head;
  if (message.size() < sizeof(head)) return;
  std::memcpy(&head, message.data(), sizeof(head));
  const bool has_input = head.input != RequestHead::Input::kNone;
  if (fds.size() != 1U + head.spec_in_file + has_input)
    return;  // the library sees its socket close
  Request request;
  request.report = fds.front();
  request.channel = head.input == RequestHead::Input::kChannel;
  if (has_input) request.input = fds.back();
  request.spec = message.substr(sizeof(head));
  if (head.spec_in_file) {
    Result<std::string> spec = ReadAll(fds[1]);
    if (spec.ok()) request.spec = *std::move(spec);
  }
  MakeBox(request);
}

void Launcher::MakeBox(const Request& request) {
  Box box;
  const Result<pid_t> pid = CloneBox(request, &box);
  if (pid.ok()) {
    boxes_[*pid] = std::move(box);
    return;
  }
  GiveBack(std::move(box));
  SandboxResult result;
  result.what = pid.status().message();
  const std::string body = EncodeResult(result);
  const uint64_t size = body.size();
  WriteAll(request.report, {reinterpret_cast<const char*>(&size), sizeof(size)});
  WriteAll(request.report, body);
}

Result<pid_t> Launcher::CloneBox(const Request& request, Box* box) {
  BoxPlan plan;
  COHORT_ASSIGN_OR_RETURN(plan.spec, DecodeSpec(request.spec));
  COHORT_ASSIGN_OR_RETURN(box->cgroup, cgroups_.Take(plan.spec.limits));
  COHORT_ASSIGN_OR_RETURN(box->network, networks_.Enter());
  COHORT_RETURN_IF_ERROR(CheckTrees(base_, plan.spec));
  COHORT_ASSIGN_OR_RETURN(plan.trees, TakeOutside(base_, plan.spec.binds));
  plan.base = &base_;
  plan.filter = &filter_;
  plan.cgroup = box->cgroup.get();
  plan.root = root_;
  plan.uid = root_ ? NextUid() : kUidWithoutRoot;
  plan.report = request.report;
  plan.input = request.input;
  plan.channel = request.channel;
  Status status = GiveTrees(plan);
  pid_t pid = -1;
  if (status.ok()) {
    pid = Clone(flags_);
    if (pid == 0) LiveInBox(plan);
    if (pid < 0) status = Failed("cannot make a box");
  }
  CloseAll(plan.trees);
  COHORT_RETURN_IF_ERROR(status);
  return pid;
}

// What is writable becomes the program's.
Status Launcher::GiveTrees(const BoxPlan& plan) {
  for (size_t i = 0; i < plan.trees.size(); ++i) {
    const SandboxBind& bind = plan.spec.binds[i];
    if (!bind.writable) continue;
    COHORT_RETURN_IF_ERROR(root_ ? ShowAs(plan.uid, plan.trees[i], bind.source)
                                 : CheckIsOurs(plan.trees[i], bind.source));
  }
  return {};
}

void Launcher::Reap() {
  for (pid_t pid; (pid = waitpid(-1, nullptr, WNOHANG)) > 0;) {
    const auto box = boxes_.find(pid);
    if (box == boxes_.end()) continue;
    GiveBack(std::move(box->second));
    boxes_.erase(box);
  }
}

void Launcher::LetGo() {
  networks_.CloseIdle();
  holds_ = !cgroups_.RemoveIdle();
}

void Launcher::GiveBack(Box box) {
  holds_ = true;
  cgroups_.GiveBack(std::move(box.cgroup));
  networks_.GiveBack(std::move(box.network));
}

uid_t Launcher::NextUid() {
  next_uid_ = (next_uid_ + 1) % kUids;
  return kFirstUid + next_uid_;
}

}  // namespace cohort
