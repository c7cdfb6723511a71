// cohort score, cohort scorer and cohort sandbox: run by programs of their own.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>

#include "cli/command.h"
#include "cli/fleet_plan.h"
#include "libs/config/program_options.h"

namespace cohort {

void AddScorerCommands(CLI::App& app) {
  app.add_subcommand("score",
                     "Reads rows {\"completion\", \"answer\", …}, writes a verdict a line");
  app.add_subcommand("scorer", "Scaffolds, checks and times scorers: new, test, bench");
  app.add_subcommand(
      "sandbox", "Runs a program that nobody trusts; says what sandboxes hold here: run, check");
}

std::optional<int> BecomeScorerProgram(int argc, char** argv) {
  if (argc < 2) return std::nullopt;
  const std::string command = argv[1];
  if (command != "score" && command != "scorer" && command != "sandbox") return std::nullopt;
  const char* other = command == "sandbox" ? "cohort-sandbox" : "cohort-scorer";
  const std::string program = (ProgramDirectory() / other).string();
  // What it calls itself in its help and messages, and which words are left.
  const bool scores = command == "score";
  std::string name = scores ? kProgramName : std::string(kProgramName) + " " + command;
  std::vector<char*> words = {name.data()};
  words.insert(words.end(), argv + (scores ? 1 : 2), argv + argc);
  words.push_back(nullptr);
  execv(program.c_str(), words.data());
  return ReportFailure(kProgramName, NotFound("cannot run " + program + ": " + strerror(errno) +
                                              "; build it, or name its directory in COHORT_BIN"));
}

}  // namespace cohort
