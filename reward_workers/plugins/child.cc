#include "reward_workers/plugins/child.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace cohort {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr int kReadsAtOnce = 4;
constexpr size_t kKeptErrors = 4 << 10;

void CloseFd(int* fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

struct Pipe {
  int read = -1;
  int write = -1;
  ~Pipe() {
    CloseFd(&read);
    CloseFd(&write);
  }
};

bool Open(Pipe* made) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  made->read = ends[0];
  made->write = ends[1];
  return true;
}

void SetNonBlocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

// The program's path, as execvp would find it: after fork only calls that are safe there are made.
std::string FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = std::getenv("PATH");
  std::string_view folders = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  while (!folders.empty()) {
    const size_t end = std::min(folders.find(':'), folders.size());
    const std::string candidate = std::string(folders.substr(0, end)) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return name;
}

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// In the new process, between fork and exec.
[[noreturn]] void Become(const char* program, char* const* arguments, char* const* environment,
                         const char* folder, const Pipe& in, const Pipe& out, const Pipe& err,
                         pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  dup2(in.read, STDIN_FILENO);
  dup2(out.write, STDOUT_FILENO);
  dup2(err.write, STDERR_FILENO);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);  // logs, sockets: nothing of ours
  if (folder[0] != '\0' && chdir(folder) != 0) _exit(126);
  execve(program, arguments, environment);
  _exit(127);
}

std::vector<pid_t> ChildrenOf(const std::string& process) {
  std::vector<pid_t> children;
  std::error_code error;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + process + "/task", error)) {
    std::ifstream list(thread.path() / "children");
    for (pid_t pid = 0; list >> pid;) children.push_back(pid);
  }
  return children;
}

constexpr int kCountedGenerations = 8;
constexpr size_t kCountedProcesses = 1000;

void AddUsage(pid_t pid, int generations, Child::Usage& usage) {
  const std::string process = std::to_string(pid);
  std::ifstream statm("/proc/" + process + "/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  if (!(statm >> total >> resident)) return;
  usage.resident_bytes += resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  usage.processes += 1;
  if (generations == 0 || usage.processes > kCountedProcesses) return;
  for (const pid_t child : ChildrenOf(process)) AddUsage(child, generations - 1, usage);
}

}  // namespace

Result<std::unique_ptr<Child>> Child::Start(const ChildPlan& plan) {
  if (plan.command.empty()) return InvalidArgument("there is no command");
  Pipe in;
  Pipe out;
  Pipe err;
  if (!Open(&in) || !Open(&out) || !Open(&err)) {
    return ResourceExhausted(std::string("no pipe for a scorer: ") + strerror(errno));
  }
  const std::string program = FindProgram(plan.command[0]);
  if (access(program.c_str(), X_OK) != 0)
    return NotFound("there is no program " + plan.command[0] + " to run");
  const std::vector<char*> arguments = Pointers(plan.command);
  const std::vector<char*> environment = Pointers(plan.environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return ResourceExhausted(std::string("no process for a scorer: ") + strerror(errno));
  if (pid == 0) {
    Become(program.c_str(), arguments.data(), environment.data(), plan.folder.c_str(), in, out, err,
           parent);
  }
  setpgid(pid, pid);  // here too: whoever comes first
  auto child = std::unique_ptr<Child>(new Child(
      pid, std::exchange(in.write, -1), std::exchange(out.read, -1), std::exchange(err.read, -1)));
  for (const int fd : {child->input_, child->output_, child->errors_}) SetNonBlocking(fd);
  return child;
}

Child::~Child() {
  Kill();
  TakeEnd();
  CloseFd(&input_);
  CloseFd(&output_);
  CloseFd(&errors_);
}

void Child::Write(std::string_view bytes) {
  if (!writing()) {
    outgoing_.clear();
    written_ = 0;
  }
  outgoing_ += bytes;
  Flush();
}

void Child::Flush() {
  while (writing()) {
    const ssize_t bytes = write(input_, outgoing_.data() + written_, outgoing_.size() - written_);
    if (bytes > 0) {
      written_ += static_cast<size_t>(bytes);
    } else if (errno == EINTR) {
      continue;
    } else {
      if (errno != EAGAIN)
        written_ = outgoing_.size();  // it closed its stdin: its end or its limit tells
      return;
    }
  }
}

bool Child::ReadOutput() {
  if (output_ < 0) return false;
  char bytes[kReadBytes];
  for (int reads = 0; reads < kReadsAtOnce; ++reads) {
    const ssize_t count = read(output_, bytes, sizeof(bytes));
    if (count > 0) {
      frames_.Add({bytes, static_cast<size_t>(count)});
    } else if (count == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
  return true;
}

size_t Child::ReadErrors() {
  char bytes[kReadBytes];
  const ssize_t count = read(errors_, bytes, sizeof(bytes));
  if (count <= 0) {
    if (count == 0) CloseErrors();
    return 0;
  }
  last_errors_.append(bytes, static_cast<size_t>(count));
  if (last_errors_.size() > kKeptErrors) last_errors_.erase(0, last_errors_.size() - kKeptErrors);
  return static_cast<size_t>(count);
}

void Child::CloseErrors() { CloseFd(&errors_); }

void Child::CloseOutput() { CloseFd(&output_); }

std::string Child::LastWords() const {
  std::string_view text = last_errors_;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  const size_t line = text.rfind('\n');
  return std::string(line == std::string_view::npos ? text : text.substr(line + 1));
}

std::optional<std::string> Child::TakeEnd() {
  int status = 0;
  if (end_ || waitpid(pid_, &status, WNOHANG) != pid_) return end_;
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    end_ = "signal " + std::to_string(number) + " (" + strsignal(number) + ")";
  } else {
    end_ = "exit code " + std::to_string(WEXITSTATUS(status));
  }
  return end_;
}

void Child::Kill() {
  kill(-pid_, SIGKILL);
  if (!end_) kill(pid_, SIGKILL);
}

Child::Usage Child::UsageNow() const {
  Usage usage;
  AddUsage(pid_, kCountedGenerations, usage);
  return usage;
}

std::vector<pid_t> ChildrenOfThisProcess() { return ChildrenOf("self"); }

void AdoptOrphans() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

size_t SweepOrphans(const std::vector<pid_t>& known) {
  size_t killed = 0;
  for (const pid_t pid : ChildrenOfThisProcess()) {
    if (std::find(known.begin(), known.end(), pid) != known.end()) continue;
    if (waitpid(pid, nullptr, WNOHANG) == pid) continue;
    kill(pid, SIGKILL);
    ++killed;
  }
  return killed;
}

}  // namespace cohort
