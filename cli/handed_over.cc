// The commands that programs of their own run: cohort score, cohort scorer and cohort sandbox.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>

#include "cli/command.h"
#include "cli/fleet_plan.h"
#include "libs/config/program_options.h"

namespace cohort {
namespace {

struct HandedOver {
  const char* command;
  const char* program;
  bool knows_command;  // it is told which command it runs
  const char* words;
};

constexpr HandedOver kHandedOver[] = {
    {"score", "cohort-scorer", true,
     "Reads rows {\"completion\", \"answer\", …}, writes a verdict a line"},
    {"scorer", "cohort-scorer", false, "Scaffolds, checks and times scorers: new, test, bench"},
    {"sandbox", "cohort-sandbox", false,
     "Runs programs that nobody trusts, and says what this machine can do: run, check"},
};

}  // namespace

void AddHandedOverCommands(CLI::App& app) {
  for (const HandedOver& command : kHandedOver) app.add_subcommand(command.command, command.words);
}

std::optional<int> HandOver(int argc, char** argv) {
  if (argc < 2) return std::nullopt;
  for (const HandedOver& command : kHandedOver) {
    if (std::strcmp(argv[1], command.command) != 0) continue;
    const std::string program = (ProgramDirectory() / command.program).string();
    // What it calls itself in its help and messages, and which words are left.
    std::string name = kProgramName;
    if (!command.knows_command) name += std::string(" ") + command.command;
    std::vector<char*> words = {name.data()};
    words.insert(words.end(), argv + (command.knows_command ? 1 : 2), argv + argc);
    words.push_back(nullptr);
    execv(program.c_str(), words.data());
    return ReportFailure(kProgramName, NotFound("cannot run " + program + ": " + strerror(errno) +
                                                "; build it, or name its directory in COHORT_BIN"));
  }
  return std::nullopt;
}

}  // namespace cohort
