// A child process that dies with its parent.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/fleet_plan.h"
#include "libs/base/status.h"

namespace cohort {

struct ChildExit {
  int code = 0;                  // of exit(); 0 when a signal ended it
  int signal = 0;                // 0: none
  std::string ToString() const;  // "exit code 1", "signal 9 (Killed)"
};

// Starts the program in a process group of its own (so that the terminal's Ctrl-C reaches only the
// parent, which then drains), to be killed when the calling thread ends. Call from the main thread.
Result<pid_t> StartChild(const ChildPlan& plan, const std::vector<std::string>& environment);

// Its end, once; nothing while it runs. Never blocks.
std::optional<ChildExit> TakeExit(pid_t pid);

// The last lines of a log that are not empty, oldest first.
std::vector<std::string> LastLines(const std::filesystem::path& log, size_t count);

}  // namespace cohort
