// The subcommands of cohort-sandbox, which `cohort sandbox …` runs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "reward_workers/sandbox/sandbox.h"

namespace CLI {
class App;
}

namespace cohort {

struct SandboxLine {
  std::string program;             // how it was called, for messages
  std::vector<std::string> words;  // what follows "--": the program to run
  SandboxOptions options;
  std::function<int()> run;  // set by the chosen subcommand; gives the exit code
};

void AddRunCommand(CLI::App& app, SandboxLine& line);
void AddCheckCommand(CLI::App& app, SandboxLine& line);
// --as-user, --no-cgroups, --cgroup: which sandbox.
void AddSandboxOptions(CLI::App& command, SandboxLine& line);

}  // namespace cohort
