#include "reward_workers/sandbox/syscall_filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>

namespace cohort {
namespace {

// They do not exist: programs that probe for them have another way.
constexpr std::array kMissing = {
    // Outside of this filter's sight: what a ring does is no system call; flags lie in memory.
    "io_uring_setup", "io_uring_enter", "io_uring_register", "clone3",
    // Keys live in the kernel, across boxes.
    "keyctl", "add_key", "request_key",
    // The kernel's own machinery.
    "bpf", "perf_event_open", "userfaultfd", "kexec_load", "kexec_file_load", "init_module",
    "finit_module", "delete_module", "create_module", "query_module", "get_kernel_syms",
    "fanotify_init", "fanotify_mark", "lookup_dcookie", "memfd_secret", "modify_ldt", "uselib",
    "ustat", "sysfs", "_sysctl", "nfsservctl", "vm86", "vm86old", "acct", "quotactl", "quotactl_fd",
    "name_to_handle_at", "open_by_handle_at", "lsm_set_self_attr", "remap_file_pages", "vserver",
    "afs_syscall", "tuxcall", "getpmsg", "putpmsg", "security", "epoll_ctl_old", "epoll_wait_old"};

// They are not for you.
constexpr std::array kForbidden = {
    // Into other processes.
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "process_madvise",
    "process_mrelease", "move_pages", "migrate_pages",
    // Other roots, mounts, namespaces.
    "mount", "umount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_tree",
    "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "statmount",
    "listmount",
    // The machine.
    "reboot", "swapon", "swapoff", "syslog", "settimeofday", "clock_settime", "clock_settime64",
    "clock_adjtime", "adjtimex", "stime", "iopl", "ioperm", "vhangup", "sethostname",
    "setdomainname"};

constexpr std::array kHiddenMemory = {"memfd_create", "shmget", "shmat", "msgget", "semget"};

constexpr uint64_t kNamespaceFlags[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                        CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};

constexpr uint64_t kIoprioProcess = 1, kIoprioUser = 3;

// The kernel reads 32 bits of these arguments: so does a comparison, or it could be evaded.
constexpr uint64_t kLow32 = 0xffffffff;

// Protocols whose only use here would be to have a module of the kernel loaded.
constexpr uint64_t kOddProtocols[] = {33 /*DCCP*/, 115 /*L2TP*/, 132 /*SCTP*/, 136 /*UDP-Lite*/,
                                      262 /*MPTCP*/};

class Builder {
 public:
  Builder() : context_(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release) {}

  bool ok() const { return context_ != nullptr && error_ == 0; }
  std::string what() const { return name_ + ": " + strerror(-error_); }
  scmp_filter_ctx context() { return context_.get(); }

  void Set(scmp_filter_attr attribute, uint32_t value) {
    Take(seccomp_attr_set(context(), attribute, value), "filter attribute");
  }
  template <typename... Comparisons>
  void Refuse(const char* name, int error, Comparisons... comparisons) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0) return;  // not of this architecture, or unknown: the bound on numbers holds
    const std::array<scmp_arg_cmp, sizeof...(comparisons)> list = {comparisons...};
    Take(seccomp_rule_add_array(context(), SCMP_ACT_ERRNO(error), number, list.size(), list.data()),
         name);
  }

 private:
  void Take(int error, const char* name) {
    if (error == 0 || error_ != 0) return;
    error_ = error;
    name_ = name;
  }

  std::unique_ptr<void, decltype(&seccomp_release)> context_;
  int error_ = 0;
  std::string name_;
};

scmp_arg_cmp Low32Is(unsigned argument, uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, kLow32, value};
}

void RefuseSockets(Builder& filter, const char* call) {
  filter.Refuse(call, EAFNOSUPPORT, scmp_arg_cmp{0, SCMP_CMP_GT, AF_INET6, 0});
  for (uint64_t family = 0; family < AF_INET6; ++family) {
    if (family != AF_UNIX && family != AF_INET) {
      filter.Refuse(call, EAFNOSUPPORT, Low32Is(0, family));
    }
  }
  for (const uint64_t protocol : kOddProtocols) {
    filter.Refuse(call, EPROTONOSUPPORT, Low32Is(2, protocol));
  }
}

// Where there is only one uid, it may change what the watcher is worth to the scheduler, and its
// limits: process 1, or all of this user's.
void RefuseToTouchTheWatcher(Builder& filter) {
  filter.Refuse("prlimit64", EPERM, scmp_arg_cmp{0, SCMP_CMP_NE, 0, 0});
  for (const char* call :
       {"sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"}) {
    filter.Refuse(call, EPERM, Low32Is(0, 1));
  }
  filter.Refuse("setpriority", EPERM, Low32Is(0, PRIO_PROCESS), Low32Is(1, 1));
  filter.Refuse("setpriority", EPERM, Low32Is(0, PRIO_USER));
  filter.Refuse("ioprio_set", EPERM, Low32Is(0, kIoprioProcess), Low32Is(1, 1));
  filter.Refuse("ioprio_set", EPERM, Low32Is(0, kIoprioUser));
}

void AddRules(const FilterOptions& options, Builder& filter) {
  filter.Set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
  filter.Set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a binary search, not a list
  for (const char* name : kMissing) filter.Refuse(name, ENOSYS);
  for (const char* name : kForbidden) filter.Refuse(name, EPERM);
  if (options.refuse_hidden_memory) {
    for (const char* name : kHiddenMemory) filter.Refuse(name, ENOSYS);
  }
  for (const uint64_t flag : kNamespaceFlags) {
    filter.Refuse("clone", EPERM, scmp_arg_cmp{0, SCMP_CMP_MASKED_EQ, flag, flag});
  }
  RefuseSockets(filter, "socket");
  RefuseSockets(filter, "socketpair");
  // What types into a terminal, or makes the console do so.
  for (const uint64_t request : {uint64_t{TIOCSTI}, uint64_t{TIOCLINUX}, uint64_t{TIOCSETD}}) {
    filter.Refuse("ioctl", EPERM, Low32Is(1, request));
  }
  // The one limit that must not be lowered (become_program.cc): as if it were.
  filter.Refuse("setrlimit", 0, Low32Is(0, RLIMIT_CORE));
  filter.Refuse("prlimit64", 0, Low32Is(1, RLIMIT_CORE), scmp_arg_cmp{2, SCMP_CMP_NE, 0, 0});
  // Huge pages come from a stock of the whole machine's.
  filter.Refuse("mmap", ENOMEM, scmp_arg_cmp{3, SCMP_CMP_MASKED_EQ, MAP_HUGETLB, MAP_HUGETLB});
  filter.Refuse("memfd_create", EINVAL,
                scmp_arg_cmp{1, SCMP_CMP_MASKED_EQ, MFD_HUGETLB, MFD_HUGETLB});
  filter.Refuse("shmget", EPERM, scmp_arg_cmp{2, SCMP_CMP_MASKED_EQ, SHM_HUGETLB, SHM_HUGETLB});
  RefuseToTouchTheWatcher(filter);
}

Result<std::vector<sock_filter>> Export(Builder& filter) {
  const int fd = memfd_create("filter", MFD_CLOEXEC);
  if (fd < 0) return Unavailable(std::string("memfd_create: ") + strerror(errno));
  std::vector<sock_filter> program;
  int error = -seccomp_export_bpf(filter.context(), fd);
  const off_t size = lseek(fd, 0, SEEK_END);
  if (error == 0 && size > 0 && size % sizeof(sock_filter) == 0) {
    program.resize(static_cast<size_t>(size) / sizeof(sock_filter));
    if (pread(fd, program.data(), static_cast<size_t>(size), 0) != size) error = EIO;
  }
  close(fd);
  if (error != 0 || program.empty()) {
    return Unavailable(std::string("seccomp_export_bpf: ") + strerror(error));
  }
  return program;
}

// The highest number that this build of libseccomp knows.
uint32_t HighestCall() {
  constexpr int kNone = 2000;
  for (int number = kNone; number > 0; --number) {
    if (char* name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number)) {
      free(name);
      return static_cast<uint32_t>(number);
    }
  }
  return 0;
}

}  // namespace

Result<std::vector<sock_filter>> BuildSyscallFilter(const FilterOptions& options) {
  Builder filter;
  if (filter.ok()) AddRules(options, filter);
  if (!filter.ok()) return Unavailable("the system call filter cannot be built: " + filter.what());
  COHORT_ASSIGN_OR_RETURN(std::vector<sock_filter> program, Export(filter));
  // First of all, in front of what libseccomp made: numbers beyond those that it knows.
  const sock_filter bound[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, HighestCall(), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
  };
  program.insert(program.begin(), std::begin(bound), std::end(bound));
  return program;
}

bool InstallSyscallFilter(const std::vector<sock_filter>& filter) {
  const sock_fprog program = {static_cast<unsigned short>(filter.size()),
                              const_cast<sock_filter*>(filter.data())};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

}  // namespace cohort
