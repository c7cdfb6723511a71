#include "cli/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace cohort {
namespace {

constexpr std::streamoff kTailBytes = 16384;

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// In the child, between fork and exec: system calls only.
[[noreturn]] void Become(const char* program, char** arguments, char** environment, int log,
                         pid_t parent, const sigset_t& signals) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // it died before the line above
  const int null = open("/dev/null", O_RDONLY);
  if (null >= 0) dup2(null, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  for (const int number : {SIGTERM, SIGINT, SIGPIPE}) signal(number, SIG_DFL);
  sigprocmask(SIG_SETMASK, &signals, nullptr);
  execve(program, arguments, environment);
  const char message[] = "cannot start the program\n";
  [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, message, sizeof(message) - 1);
  _exit(127);
}

}  // namespace

std::string ChildExit::ToString() const {
  if (signal == 0) return "exit code " + std::to_string(code);
  return "signal " + std::to_string(signal) + " (" + strsignal(signal) + ")";
}

Result<pid_t> StartChild(const ChildPlan& plan, const std::vector<std::string>& environment) {
  const int log = open(plan.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0) {
    return Unavailable("cannot write the log " + plan.log.string() + ": " + std::strerror(errno));
  }
  std::vector<std::string> words = {plan.program.string()};
  words.insert(words.end(), plan.arguments.begin(), plan.arguments.end());
  std::vector<std::string> variables = environment;
  const std::vector<char*> arguments = Pointers(words);
  const std::vector<char*> settings = Pointers(variables);
  const pid_t parent = getpid();
  // A signal for the child before its exec must not end in a handler of ours: it waits.
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t pid = fork();
  if (pid == 0) {
    Become(plan.program.c_str(), const_cast<char**>(arguments.data()),
           const_cast<char**>(settings.data()), log, parent, before);
  }
  const int error = errno;
  sigprocmask(SIG_SETMASK, &before, nullptr);
  close(log);
  if (pid < 0) {
    return Unavailable("cannot start " + plan.instance + ": " + std::strerror(error));
  }
  return pid;
}

std::optional<ChildExit> TakeExit(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
  if (WIFSIGNALED(status)) return ChildExit{.code = 0, .signal = WTERMSIG(status)};
  return ChildExit{.code = WEXITSTATUS(status), .signal = 0};
}

std::vector<std::string> LastLines(const std::filesystem::path& log, size_t count) {
  std::ifstream in(log, std::ios::binary | std::ios::ate);
  if (!in) return {};
  in.seekg(std::max<std::streamoff>(0, static_cast<std::streamoff>(in.tellg()) - kTailBytes));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<long>(count));
  return lines;
}

}  // namespace cohort
