// A scorer's process and the three pipes to it. Never blocks; belongs to one thread, and the
// process is killed when that thread ends, however it ends.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "reward_workers/plugins/frames.h"

namespace cohort {

struct ChildPlan {
  std::vector<std::string> command;      // the program, found by PATH, and its arguments
  std::vector<std::string> environment;  // "NAME=value", all of it
  std::string folder;                    // working directory; empty: the worker's
};

class Child {
 public:
  // Starts it in a process group of its own.
  static Result<std::unique_ptr<Child>> Start(const ChildPlan& plan);
  ~Child();  // kills the group; SweepOrphans takes the end
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  // For epoll; −1 once closed.
  int input() const { return input_; }    // writable when there is something to write
  int output() const { return output_; }  // readable
  int errors() const { return errors_; }  // readable

  // Queues bytes for its stdin and writes what goes.
  void Write(std::string_view bytes);
  void Flush();
  bool writing() const { return written_ < outgoing_.size(); }

  // Reads what is there, at most a few 64 KiB. False at the end of its output.
  bool ReadOutput();
  FrameReader& frames() { return frames_; }
  // Reads stderr, keeping its last bytes. Returns how many came.
  size_t ReadErrors();
  void CloseErrors();
  void CloseOutput();
  // The last line that it wrote there, for people; may be empty.
  std::string LastWords() const;

  // "exit code 1", "signal 9 (Killed)", from when it has ended on.
  std::optional<std::string> TakeEnd();
  void Kill();  // the group, at once

  // What it takes now, with its descendants; nothing when it is gone.
  struct Usage {
    uint64_t resident_bytes = 0;
    size_t processes = 0;
  };
  Usage UsageNow() const;

 private:
  Child(pid_t pid, int input, int output, int errors)
      : pid_(pid), input_(input), output_(output), errors_(errors), frames_(kMaxReplyBytes) {}

  pid_t pid_;
  int input_;
  int output_;
  int errors_;
  std::optional<std::string> end_;
  std::string outgoing_;
  size_t written_ = 0;
  std::string last_errors_;
  FrameReader frames_;
};

std::vector<pid_t> ChildrenOfThisProcess();

// Makes this process the one that orphans come to, so that what a scorer leaves behind can be
// found.
void AdoptOrphans();

// Kills, or takes the end of, every child of this process that is not among `known`: what scorers
// left behind. Returns how many it killed: call again until that is none. Never blocks.
size_t SweepOrphans(const std::vector<pid_t>& known);

}  // namespace cohort
