#include "reward_workers/sandbox/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "libs/base/descriptor.h"
#include "reward_workers/sandbox/cgroups.h"
#include "reward_workers/sandbox/launcher.h"
#include "reward_workers/sandbox/wire.h"

namespace cohort {
namespace {

constexpr size_t kHelloBytes = 64 << 10;
constexpr size_t kReadBytes = 64 << 10;
constexpr char kProgram[] = "cohort-sandbox-launcher";

void CloseFd(int* fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

std::string LauncherProgram(const SandboxOptions& options) {
  if (!options.launcher.empty()) return options.launcher;
  if (const char* folder = std::getenv("COHORT_BIN"); folder != nullptr && *folder != '\0') {
    return std::string(folder) + "/" + kProgram;
  }
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / kProgram;
}

// It sees nothing of this process but its end of the socket, and stderr.
Result<pid_t> Spawn(const SandboxOptions& options, int socket) {
  const std::string program = LauncherProgram(options);
  std::string words[] = {program, std::to_string(options.as_user),
                         options.cgroups ? "cgroups" : "none", options.cgroup};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  char* environment[] = {nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // From a number that is not 3 to 3, as dup2 onto itself would keep close-on-exec.
  posix_spawn_file_actions_adddup2(&actions, socket, kLauncherSocket);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, kLauncherSocket + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, program.c_str(), &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  return Unavailable("cannot run " + program + ": " + strerror(error) +
                     "; build it, or name its directory in COHORT_BIN");
}

// One message: what it is about, and its descriptors. 0, or errno.
int SendRequest(int socket, const std::string& message, const std::vector<int>& fds) {
  iovec part = {const_cast<char*>(message.data()), message.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMostRequestFds * sizeof(int))] = {};
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
  cmsghdr* item = CMSG_FIRSTHDR(&header);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
  std::memcpy(CMSG_DATA(item), fds.data(), fds.size() * sizeof(int));
  for (;;) {
    if (sendmsg(socket, &header, MSG_NOSIGNAL) > 0) return 0;
    if (errno != EINTR) return errno;
  }
}

SandboxResult Trouble(const std::string& what) {
  SandboxResult result;
  result.what = what;
  return result;
}

}  // namespace

SandboxRun::~SandboxRun() { CloseFd(&fd_); }

std::optional<SandboxResult> SandboxRun::TryTake() {
  char bytes[kReadBytes];
  for (;;) {
    const ssize_t count = recv(fd_, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count > 0) {
      received_.append(bytes, static_cast<size_t>(count));
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    const bool more_to_come = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    uint64_t size = 0;
    if (received_.size() >= sizeof(size)) {
      std::memcpy(&size, received_.data(), sizeof(size));
      if (received_.size() - sizeof(size) == size) {
        Result<SandboxResult> result =
            DecodeResult(std::string_view(received_).substr(sizeof(size)));
        return result.ok() ? *std::move(result) : Trouble(result.status().message());
      }
    }
    if (more_to_come) return std::nullopt;
    return Trouble("the box ended without a report: its watcher or the launcher was killed");
  }
}

SandboxResult SandboxRun::Wait() {
  for (;;) {
    if (std::optional<SandboxResult> result = TryTake()) return *std::move(result);
    pollfd fd = {fd_, POLLIN, 0};
    poll(&fd, 1, -1);
  }
}

void SandboxRun::Cancel() {
  const char order = 'x';
  [[maybe_unused]] const ssize_t ignored = send(fd_, &order, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

struct Sandbox::Launcher {
  pid_t pid = -1;
  int socket = -1;
  LauncherHello hello;
};

Sandbox::Sandbox(SandboxOptions options) : options_(std::move(options)) {}

Result<std::unique_ptr<Sandbox>> Sandbox::Open(const SandboxOptions& options) {
  auto sandbox = std::unique_ptr<Sandbox>(new Sandbox(options));
  COHORT_RETURN_IF_ERROR(sandbox->OpenLauncher());
  return sandbox;
}

Sandbox::~Sandbox() { EndLauncher(); }

Status Sandbox::OpenLauncher() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return ResourceExhausted(std::string("no socket for the launcher: ") + strerror(errno));
  }
  // Not below 16: the launcher's own numbers start at 3.
  Descriptor theirs(fcntl(ends[1], F_DUPFD_CLOEXEC, 16));
  close(ends[1]);
  auto launcher = std::make_unique<Launcher>();
  launcher->socket = ends[0];
  Result<pid_t> pid = Spawn(options_, theirs.get());
  if (!pid.ok()) {
    CloseFd(&launcher->socket);
    return pid.status();
  }
  launcher->pid = *pid;
  theirs = Descriptor();
  launcher_ = std::move(launcher);
  std::string bytes(kHelloBytes, '\0');
  ssize_t count = 0;
  do {
    count = recv(launcher_->socket, bytes.data(), bytes.size(), 0);
  } while (count < 0 && errno == EINTR);
  bytes.resize(count > 0 ? static_cast<size_t>(count) : 0);
  Result<LauncherHello> hello = DecodeHello(bytes);
  if (hello.ok()) launcher_->hello = *std::move(hello);
  if (hello.ok() && launcher_->hello.failure.empty()) return {};
  const std::string why = hello.ok() ? launcher_->hello.failure : "its launcher did not start";
  EndLauncher();
  return Unavailable("this machine has no sandbox: " + why);
}

void Sandbox::EndLauncher() {
  if (launcher_ == nullptr) return;
  CloseFd(&launcher_->socket);
  while (waitpid(launcher_->pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  // What a launcher without root's rights, or one that was killed, could not remove.
  for (const std::string& folder : launcher_->hello.folders) RemoveCgroupFolder(folder);
  launcher_.reset();
}

Result<std::unique_ptr<SandboxRun>> Sandbox::Start(const SandboxSpec& spec) {
  COHORT_RETURN_IF_ERROR(CheckSpec(spec));
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return ResourceExhausted(std::string("no socket for a run: ") + strerror(errno));
  }
  auto run = std::unique_ptr<SandboxRun>(new SandboxRun(ends[0]));
  const Descriptor report(ends[1]);
  Descriptor plan, input;
  RequestHead head;
  std::vector<int> fds = {report.get()};
  std::string message = EncodeSpec(spec);
  if (message.size() > kMostInlineBytes) {
    COHORT_ASSIGN_OR_RETURN(const int file, SealedFile("sandbox-spec", message));
    plan = Descriptor(file);
    message.clear();
    head.spec_in_file = true;
    fds.push_back(plan.get());
  }
  if (spec.channel >= 0) {
    head.input = RequestHead::Input::kChannel;
    fds.push_back(spec.channel);
  } else if (!spec.input.empty()) {
    COHORT_ASSIGN_OR_RETURN(const int file, SealedFile("stdin", spec.input));
    input = Descriptor(file);
    head.input = RequestHead::Input::kFile;
    fds.push_back(input.get());
  }
  message.insert(0, reinterpret_cast<const char*>(&head), sizeof(head));
  const std::lock_guard lock(mutex_);
  for (int tries = 0; tries < 2; ++tries) {
    const int error = launcher_ == nullptr ? EPIPE : SendRequest(launcher_->socket, message, fds);
    if (error == 0) return run;
    if (error != EPIPE && error != ECONNRESET) {  // it lives, and so do its boxes
      return Unavailable(std::string("cannot ask the sandbox' launcher: ") + strerror(error));
    }
    EndLauncher();
    COHORT_RETURN_IF_ERROR(OpenLauncher());
  }
  return Unavailable("the sandbox' launcher ends as soon as it is started");
}

SandboxResult Sandbox::Run(const SandboxSpec& spec) {
  Result<std::unique_ptr<SandboxRun>> run = Start(spec);
  return run.ok() ? (*run)->Wait() : Trouble(run.status().message());
}

std::vector<Mechanism> Sandbox::mechanisms() const {
  const std::lock_guard lock(mutex_);
  return launcher_ == nullptr ? std::vector<Mechanism>() : launcher_->hello.mechanisms;
}

pid_t Sandbox::launcher() const {
  const std::lock_guard lock(mutex_);
  return launcher_ == nullptr ? -1 : launcher_->pid;
}

}  // namespace cohort
