// The process that makes boxes: small, alone, and in a tree of mounts where boxes begin.
//
// It is started by Sandbox (sandbox.h) with a socket as descriptor 3: says hello, then makes a box
// for each request and reaps it, until the other end closes. Single-threaded.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "reward_workers/sandbox/base_tree.h"
#include "reward_workers/sandbox/cgroups.h"
#include "reward_workers/sandbox/networks.h"
#include "reward_workers/sandbox/wire.h"

namespace cohort {

inline constexpr int kLauncherSocket = 3;

struct BoxPlan;

struct LauncherOptions {
  uid_t as_user = 0;  // root gives its rights up for this user's
  bool cgroups = true;
  std::string cgroup;
};

class Launcher {
 public:
  // Finds what this machine can do, and moves this process where boxes are made. For good.
  static Result<std::unique_ptr<Launcher>> Prepare(const LauncherOptions& options);

  LauncherHello Hello() const;
  // Serves until the socket's other end closes; then ends all boxes and removes the cgroups that it
  // may remove.
  void Serve(int socket);

 private:
  struct Request;

  explicit Launcher(const LauncherOptions& options);
  Status BecomeUser(const LauncherOptions& options);
  void TryBox();
  // One message. False at the end of the socket.
  bool TakeRequest(int socket);
  void HandleRequest(const std::string& message, const std::vector<int>& fds);
  void MakeBox(const Request& request);
  struct Box {
    std::unique_ptr<BoxCgroup> cgroup;
    std::unique_ptr<Network> network;
  };
  Result<pid_t> CloneBox(const Request& request, Box* box);
  Status GiveTrees(const BoxPlan& plan);
  void GiveBack(Box box);
  void LetGo();
  void Reap();
  uid_t NextUid();

  bool root_ = false;
  uint64_t flags_ = 0;  // of clone3: the namespaces of a box
  CgroupPool cgroups_;
  NetworkPool networks_;
  BaseTree base_;
  std::vector<sock_filter> filter_;
  std::vector<Mechanism> mechanisms_;
  std::vector<std::string> cgroup_folders_;
  std::map<pid_t, Box> boxes_;
  uid_t next_uid_ = 0;
  bool holds_ = true;  // something in stock
};

}  // namespace cohort
