#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "reward_workers/sandbox/box.h"
#include "reward_workers/sandbox/syscall_filter.h"
#include "reward_workers/sandbox/system_calls.h"

namespace cohort {
namespace {

constexpr int kHighestCapability = 63;
// Too small for a file; and, other than 0, no core goes to this machine's handler either (core(5)).
constexpr uint64_t kNoCore = 1;

[[noreturn]] void Fail(StartFailure* failure, const char* step, bool program = false) {
  *failure = {errno, program, step};
  _exit(127);
}

bool SetCapabilities(uint64_t set) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  for (int i = 0; i < 2; ++i) {
    data[i].effective = data[i].permitted = static_cast<uint32_t>(set >> (32 * i));
  }
  return syscall(SYS_capset, &header, data) == 0;
}

constexpr uint64_t Bit(int capability) { return uint64_t{1} << capability; }

bool SetLimit(int resource, uint64_t soft, uint64_t hard) {
  rlimit now = {};
  getrlimit(static_cast<__rlimit_resource>(resource), &now);
  const rlimit limit = {std::min<rlim_t>(soft, now.rlim_max), std::min<rlim_t>(hard, now.rlim_max)};
  return setrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0;
}

bool SetLimits(const BoxPlan& plan) {
  const SandboxLimits& limits = plan.spec.limits;
  // The sum of all processes is kept by the watcher; this is for the moment between its looks.
  const uint64_t seconds = static_cast<uint64_t>(limits.cpu.count()) / 1000 + 2;
  const auto set = [](int resource, uint64_t value) { return SetLimit(resource, value, value); };
  bool good =
      set(RLIMIT_CPU, seconds) && set(RLIMIT_FSIZE, limits.file_size) &&
      set(RLIMIT_NOFILE, static_cast<uint64_t>(limits.open_files)) &&
      set(RLIMIT_STACK, limits.stack) && set(RLIMIT_CORE, kNoCore) && set(RLIMIT_NICE, 0) &&
      set(RLIMIT_RTPRIO, 0) && set(RLIMIT_MEMLOCK, 1 << 16) && set(RLIMIT_SIGPENDING, 1 << 10) &&
      set(RLIMIT_MSGQUEUE, plan.cgroup == nullptr || plan.cgroup->memory_stat < 0 ? 0 : 1 << 18);
  if (plan.cgroup == nullptr || plan.cgroup->memory_stat < 0) {
    // Between two samples a process gets no further than this.
    good = good && set(RLIMIT_DATA, 2 * limits.memory + (64 << 20));
  }
  if (plan.cgroup == nullptr || plan.cgroup->process_events < 0) {
    // One more than allowed: that is how the watcher sees it. Without root it counts itself, too.
    good = good &&
           set(RLIMIT_NPROC, static_cast<uint64_t>(limits.processes) + 1 + (plan.root ? 0 : 1));
  }
  return good;
}

bool BecomeUser(const BoxPlan& plan) {
  if (!plan.root) return true;  // the user namespace has no one else
  return setgroups(0, nullptr) == 0 && setresgid(plan.uid, plan.uid, plan.uid) == 0 &&
         setresuid(plan.uid, plan.uid, plan.uid) == 0;
}

// The launcher has no handlers; what it waits for must not stay blocked.
void UnblockSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

std::vector<std::string> FullEnvironment(const SandboxSpec& spec) {
  std::vector<std::string> environment = spec.environment;
  for (const char* standard :
       {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/work", "LANG=C.UTF-8", "TMPDIR=/tmp"}) {
    const std::string name(standard, std::strchr(standard, '=') - standard + 1);
    const bool given = std::any_of(spec.environment.begin(), spec.environment.end(),
                                   [&](const std::string& line) { return line.starts_with(name); });
    if (!given) environment.emplace_back(standard);
  }
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// As execvp, in the box' PATH. Returns with errno.
void Execute(const BoxPlan& plan) {
  std::vector<std::string> words = plan.spec.argv;
  std::vector<std::string> variables = FullEnvironment(plan.spec);
  const std::vector<char*> arguments = Pointers(words);
  const std::vector<char*> environment = Pointers(variables);
  const std::string& name = words.front();
  if (name.find('/') != std::string::npos) {
    execve(name.c_str(), arguments.data(), environment.data());
    return;
  }
  std::string_view path;
  for (const std::string& variable : variables) {
    if (variable.starts_with("PATH=")) path = std::string_view(variable).substr(5);
  }
  int error = ENOENT;
  while (!path.empty()) {
    const size_t end = std::min(path.find(':'), path.size());
    const std::string file = std::string(path.substr(0, end)) + "/" + name;
    execve(file.c_str(), arguments.data(), environment.data());
    if (errno != ENOENT && errno != ENOTDIR) error = errno;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  errno = error;
}

// Too little of something on this machine, as opposed to a file that is no program.
bool MachineIsToBlame(int error) {
  return error == ENOMEM || error == EAGAIN || error == ENFILE || error == EMFILE || error == EIO;
}

}  // namespace

void BecomeProgram(const BoxPlan& plan, const ProgramEnds& ends, StartFailure* failure) {
  if (plan.cgroup != nullptr) {
    for (const int join : plan.cgroup->joins) {
      if (write(join, "0", 1) != 1) Fail(failure, "join its cgroup for");
    }
  }
  setsid();
  // Out of the way first: their numbers may be those that are wanted.
  const int input = fcntl(ends.input, F_DUPFD, 16);
  const int output = fcntl(ends.output, F_DUPFD, 16);
  const int errors = fcntl(ends.errors, F_DUPFD, 16);
  if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0) {
    Fail(failure, "place the descriptors of");
  }
  if (syscall(SYS_close_range, 3, ~0U, 0) != 0) Fail(failure, "close descriptors for");
  if (!SetLimits(plan)) Fail(failure, "set limits for");
  umask(022);
  if (chdir("/work") != 0) Fail(failure, "enter /work for");
  UnblockSignals();
  if (!BecomeUser(plan)) Fail(failure, "change user for");
  if (!SetCapabilities(0)) Fail(failure, "drop capabilities for");
  if (!InstallSyscallFilter(*plan.filter)) Fail(failure, "install the filter for");
  Execute(plan);
  Fail(failure, "execute", !MachineIsToBlame(errno));
}

Status ForgetRights() {
  constexpr unsigned long kBits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
                                  SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED |
                                  SECBIT_KEEP_CAPS_LOCKED;
  if (prctl(PR_SET_SECUREBITS, kBits) != 0) return Failed("PR_SET_SECUREBITS");
  for (int capability = 0; capability <= kHighestCapability; ++capability) {
    if (prctl(PR_CAPBSET_DROP, capability) == 0) continue;
    if (errno == EINVAL && capability > CAP_SETPCAP) break;  // there are no more
    return Failed("PR_CAPBSET_DROP");
  }
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
    return Failed("PR_CAP_AMBIENT");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Failed("PR_SET_NO_NEW_PRIVS");
  return {};
}

Status KeepWatchersRights() {
  const uint64_t kept = Bit(CAP_KILL) | Bit(CAP_SYS_PTRACE);
  if (!SetCapabilities(kept)) return Failed("cannot drop rights");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return Failed("PR_SET_DUMPABLE");
  return {};
}

Status MapUser(uid_t inside, uid_t user, gid_t group) {
  // Only who may be looked at may write its map; no one is there to look yet.
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  const auto map = [inside](unsigned outside) {
    return std::to_string(inside) + " " + std::to_string(outside) + " 1";
  };
  Status status = WriteText("/proc/self/setgroups", "deny");
  if (status.ok()) status = WriteText("/proc/self/uid_map", map(user));
  if (status.ok()) status = WriteText("/proc/self/gid_map", map(group));
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return status;
}

}  // namespace cohort
