// Runs programs that nobody trusts: each in a box of its own that is made for it and gone with it.
//
// A box has its own processes, mounts, network (127.0.0.1 only), IPC and host name; it sees a
// read-only base of the system's programs, and an empty disk with a quota. docs/sandbox.md says
// what is promised and what is not; `cohort sandbox check` what this machine can keep of it.
//
// A small process, the launcher, makes the boxes, so that what a start costs does not grow with the
// process that asks (about a millisecond of CPU). Everything ends with its owner, however that
// ends.
#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "reward_workers/sandbox/mechanisms.h"
#include "reward_workers/sandbox/sandbox_spec.h"

namespace cohort {

struct SandboxOptions {
  std::string
      launcher;  // the program; empty: cohort-sandbox-launcher beside this one, or COHORT_BIN
  // 0: as who calls. Else, for root: boxes as this ordinary user, made without root's rights.
  uid_t as_user = 0;
  bool cgroups = true;  // false: do not use them even where they can be used
  // For cgroup v2: a folder that was delegated to us. Empty: below this process' own.
  std::string cgroup;
};

// One program under way. Belongs to one thread; not the sandbox's.
class SandboxRun {
 public:
  ~SandboxRun();  // ends it
  SandboxRun(const SandboxRun&) = delete;
  SandboxRun& operator=(const SandboxRun&) = delete;

  // For poll and epoll: readable when TryTake has work to do.
  int fd() const { return fd_; }
  // The result, once it is there; never blocks. The box' processes are gone by then.
  std::optional<SandboxResult> TryTake();
  // Blocks until it has ended.
  SandboxResult Wait();
  // Ends it: its result comes soon, as kCancelled unless it had ended by itself.
  void Cancel();

 private:
  friend class Sandbox;
  explicit SandboxRun(int fd) : fd_(fd) {}

  int fd_;
  std::string received_;
};

// Safe from any thread.
class Sandbox {
 public:
  // Starts the launcher and waits until it knows what this machine can do. Unavailable with the
  // reason where there is no sandbox to be had.
  static Result<std::unique_ptr<Sandbox>> Open(const SandboxOptions& options);
  ~Sandbox();  // ends all runs; leaves nothing behind on this machine
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // InvalidArgument for a specification that is none; another failure is this machine's fault, like
  // kInfrastructure. A launcher that has died is started again.
  Result<std::unique_ptr<SandboxRun>> Start(const SandboxSpec& spec);
  // Start and Wait.
  SandboxResult Run(const SandboxSpec& spec);

  std::vector<Mechanism> mechanisms() const;
  SandboxMode mode() const { return ModeOf(mechanisms()); }
  pid_t launcher() const;  // for those who count processes

 private:
  struct Launcher;
  explicit Sandbox(SandboxOptions options);
  Status OpenLauncher();
  void EndLauncher();

  const SandboxOptions options_;
  mutable std::mutex mutex_;
  std::unique_ptr<Launcher> launcher_;  // guarded by mutex_
};

// Whether this is a specification at all: names, paths, limits.
Status CheckSpec(const SandboxSpec& spec);

}  // namespace cohort
