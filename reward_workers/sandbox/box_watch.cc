#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "reward_workers/sandbox/box.h"
#include "reward_workers/sandbox/box_meter.h"
#include "reward_workers/sandbox/system_calls.h"
#include "reward_workers/sandbox/wire.h"

namespace cohort {
namespace {

using std::chrono::microseconds;

constexpr size_t kReadBytes = 64 << 10;
constexpr int kReadsAtOnce = 16;
constexpr size_t kStackBytes = 128 << 10;
constexpr microseconds kPatienceWithTheKilled{5'000'000};

microseconds Now() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return microseconds(int64_t{time.tv_sec} * 1'000'000 + time.tv_nsec / 1000);
}

[[noreturn]] void Report(int socket, const SandboxResult& result) {
  const std::string body = EncodeResult(result);
  const uint64_t size = body.size();
  if (WriteAll(socket, {reinterpret_cast<const char*>(&size), sizeof(size)}))
    WriteAll(socket, body);
  _exit(0);
}

[[noreturn]] void ReportTrouble(int socket, const Status& status) {
  SandboxResult result;
  if (status.code() == StatusCode::kResourceExhausted) result.end = SandboxEnd::kDiskLimit;
  result.what = status.message();
  Report(socket, result);
}

// A pipe that the program writes into, and what came.
struct Stream {
  int read = -1;
  int write = -1;
  std::string* bytes = nullptr;
};

class Watcher {
 public:
  explicit Watcher(const BoxPlan& plan) : plan_(plan), limits_(plan.spec.limits), meter_(plan) {}

  Status Start() {
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, nullptr);
    signals_ = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    output_.bytes = &result_.output;
    errors_.bytes = &result_.errors;
    input_ = plan_.input >= 0 ? plan_.input : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (signals_ < 0 || input_ < 0 || !Open(output_) || !Open(errors_))
      return Failed("no descriptors for a box");
    started_ = Now();
    StartFailure failure;
    COHORT_RETURN_IF_ERROR(StartProgram(&failure));
    if (failure.error != 0) {
      Stop(failure.program ? SandboxEnd::kNotExecutable : SandboxEnd::kInfrastructure,
           "cannot " + std::string(failure.step) + " " + plan_.spec.argv.front() + ": " +
               strerror(failure.error));
    }
    for (const int fd : {output_.write, errors_.write, input_}) close(fd);
    return KeepWatchersRights();
  }

  [[noreturn]] void Watch() {
    microseconds look = started_ + meter_.NextLook();
    const microseconds deadline = started_ + limits_.wall;
    while (!status_ && !stopped_) {
      Wait(std::min(look, deadline));
      if (const microseconds now = Now(); now >= look || now >= deadline) {
        Look(now >= deadline);
        look = Now() + meter_.NextLook();
      }
    }
    Finish();
  }

 private:
  static bool Open(Stream& stream) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    stream.read = ends[0];
    stream.write = ends[1];
    return fcntl(stream.read, F_SETFL, O_NONBLOCK) == 0;
  }

  // The child borrows this process' memory and holds it up until it has become the program.
  Status StartProgram(StartFailure* failure) {
    struct Borrowed {
      const BoxPlan& plan;
      ProgramEnds ends;
      StartFailure* failure;
    } borrowed{plan_, {input_, plan_.channel ? input_ : output_.write, errors_.write}, failure};
    static char stack[kStackBytes];
    const auto body = [](void* memory) -> int {
      const auto& with = *static_cast<Borrowed*>(memory);
      BecomeProgram(with.plan, with.ends, with.failure);
    };
    program_ = clone(body, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &borrowed);
    return program_ > 0 ? Status() : Failed("no process for the program");
  }

  void Stop(SandboxEnd why, const std::string& what) {
    if (stopped_) return;
    stopped_ = true;
    result_.end = why;
    result_.what = what;
  }

  void Wait(microseconds until) {
    pollfd fds[] = {{signals_, POLLIN, 0},
                    {plan_.report, POLLIN, 0},
                    {output_.read, POLLIN, 0},
                    {errors_.read, POLLIN, 0}};
    const microseconds left = std::max(microseconds(0), until - Now());
    const timespec time = {left.count() / 1'000'000, left.count() % 1'000'000 * 1000};
    if (ppoll(fds, std::size(fds), &time, nullptr) <= 0) return;
    if (fds[1].revents != 0) TakeOrder();
    if (fds[2].revents != 0) Drain(output_);
    if (fds[3].revents != 0) Drain(errors_);
    if (fds[0].revents != 0) Reap();
  }

  // The library wants it to end, or is gone.
  void TakeOrder() {
    char order = 0;
    const ssize_t count = read(plan_.report, &order, 1);
    if (count == 0 || (count < 0 && errno != EINTR)) _exit(0);
    Stop(SandboxEnd::kCancelled, "");
  }

  void Drain(Stream& stream) {
    char bytes[kReadBytes];
    for (int reads = 0; stream.read >= 0 && reads < kReadsAtOnce; ++reads) {
      const ssize_t count = read(stream.read, bytes, sizeof(bytes));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) {
        close(stream.read);
        stream.read = -1;
        return;
      }
      const size_t room = limits_.output - std::min<size_t>(limits_.output, stream.bytes->size());
      stream.bytes->append(bytes, std::min(room, static_cast<size_t>(count)));
      if (static_cast<size_t>(count) > room) {
        result_.cut = true;
        Stop(SandboxEnd::kOutputLimit,
             "wrote more than " + std::to_string(limits_.output) + " bytes");
        return;
      }
    }
  }

  void Reap() {
    signalfd_siginfo ignored;
    while (read(signals_, &ignored, sizeof(ignored)) > 0) {
    }
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid == program_) {
        status_ = status;
        ended_ = Now();
      }
    }
  }

  void Look(bool time_is_up) {
    meter_.Sample();
    if (meter_.cpu() > limits_.cpu) {
      Stop(SandboxEnd::kCpuLimit, "");
    } else if (meter_.memory_exceeded()) {
      Stop(SandboxEnd::kMemoryLimit, "");
    } else if (time_is_up) {
      Stop(SandboxEnd::kWallLimit, "");
    }
  }

  // Ends all that is left, takes what it wrote, and tells.
  [[noreturn]] void Finish() {
    const bool by_itself = !stopped_;
    if (!by_itself) ended_ = Now();
    const bool alone = by_itself && waitpid(-1, nullptr, WNOHANG) < 0;
    if (by_itself && !alone) meter_.Sample();  // the processes that it leaves behind
    if (!alone) KillAll();
    Drain(output_);
    Drain(errors_);
    meter_.Count();
    if (by_itself && !stopped_) JudgeEnd();
    NameTheReason(by_itself);
    result_.cpu = meter_.cpu();
    result_.wall = ended_ - started_;
    result_.peak_memory = meter_.peak_memory();
    Report(plan_.report, result_);
  }

  void KillAll() {
    const microseconds deadline = Now() + kPatienceWithTheKilled;
    while (Now() < deadline) {
      if (kill(-1, SIGKILL) != 0 && errno == ESRCH && waitpid(-1, nullptr, WNOHANG) < 0) return;
      int status = 0;
      pid_t pid = 0;
      while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == program_ && !status_) status_ = status;
      }
      if (pid < 0 && errno == ECHILD) return;
      pollfd fd = {signals_, POLLIN, 0};
      signalfd_siginfo ignored;
      poll(&fd, 1, 10);
      while (read(signals_, &ignored, sizeof(ignored)) > 0) {
      }
    }
  }

  // It ended by itself: perhaps too late for a look.
  void JudgeEnd() {
    const int status = *status_;
    if (WIFSIGNALED(status)) {
      result_.end = SandboxEnd::kSignalled;
      result_.code = WTERMSIG(status);
      result_.what = strsignal(result_.code);
    } else {
      result_.end = SandboxEnd::kExited;
      result_.code = WEXITSTATUS(status);
    }
    const bool signalled = result_.end == SandboxEnd::kSignalled;
    if (meter_.memory_exceeded()) {
      Become(SandboxEnd::kMemoryLimit);
    } else if (meter_.cpu() > limits_.cpu || (signalled && result_.code == SIGXCPU)) {
      Become(SandboxEnd::kCpuLimit);
    } else if (signalled && result_.code == SIGXFSZ) {
      Become(SandboxEnd::kFileSizeLimit);
    }
  }

  // What it was refused is why it failed, or never ended.
  void NameTheReason(bool by_itself) {
    const bool failed = by_itself && (result_.end == SandboxEnd::kSignalled ||
                                      (result_.end == SandboxEnd::kExited && result_.code != 0));
    const bool ran_out =
        result_.end == SandboxEnd::kCpuLimit || result_.end == SandboxEnd::kWallLimit;
    if (!failed && !ran_out) return;
    const int code = result_.end == SandboxEnd::kExited ? result_.code : 0;
    if (meter_.process_refused()) {
      Become(SandboxEnd::kProcessLimit);
    } else if (failed && meter_.disk_full()) {
      Become(SandboxEnd::kDiskLimit);
    } else if (meter_.files_exhausted()) {
      Become(SandboxEnd::kOpenFilesLimit);
    }
    result_.code = result_.end == SandboxEnd::kSignalled ? result_.code : code;
  }

  void Become(SandboxEnd end) {
    result_.what = "ended as " + Describe(result_);
    result_.end = end;
    result_.code = 0;
  }

  const BoxPlan& plan_;
  const SandboxLimits& limits_;
  BoxMeter meter_;
  SandboxResult result_;
  Stream output_, errors_;
  int signals_ = -1;
  int input_ = -1;
  pid_t program_ = -1;
  microseconds started_{};
  microseconds ended_{};
  std::optional<int> status_;  // of the program, once it has ended
  bool stopped_ = false;
};

// The launcher's descriptors, and those of other boxes, are not ours.
void KeepOnly(const BoxPlan& plan) {
  std::vector<int> kept = plan.trees;
  kept.insert(kept.end(), {plan.report, plan.input});
  if (const BoxCgroup* cgroup = plan.cgroup) {
    kept.insert(kept.end(), cgroup->joins.begin(), cgroup->joins.end());
    kept.insert(kept.end(), {cgroup->cpu, cgroup->memory_now, cgroup->memory_stat,
                             cgroup->memory_peak, cgroup->out_of_memory, cgroup->process_events});
  }
  std::sort(kept.begin(), kept.end());
  int next = STDERR_FILENO + 1;
  for (const int fd : kept) {
    if (fd > next) close_range(next, fd - 1, 0);
    next = std::max(next, fd + 1);
  }
  close_range(next, ~0U, 0);
}

}  // namespace

void LiveInBox(const BoxPlan& plan) {
  prctl(PR_SET_NAME, "box");
  KeepOnly(plan);
  Status status;
  if (!plan.root) status = MapUser(plan.uid, 0, 0);
  if (status.ok()) status = LayOutBox(plan);
  for (const int tree : plan.trees) close(tree);
  if (status.ok() && sethostname("box", 3) != 0) status = Failed("sethostname");
  if (status.ok()) status = ForgetRights();
  if (!status.ok()) ReportTrouble(plan.report, status);
  Watcher watcher(plan);
  if (status = watcher.Start(); !status.ok()) ReportTrouble(plan.report, status);
  watcher.Watch();
}

}  // namespace cohort
