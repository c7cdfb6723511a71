// The subcommands of cohort-scorer, which `cohort score` and `cohort scorer …` run. Each adds
// itself, with its options, to the program, and says what to run when it is the one that was
// chosen.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cohort {

struct ToolLine {
  std::string program;                 // how it was called, for messages
  std::vector<std::string> overrides;  // every "--section.key=value" of the line
  std::function<int()> run;            // set by the chosen subcommand; gives the exit code
};

void AddScoreCommand(CLI::App& app, ToolLine& line);
void AddNewCommand(CLI::App& app, ToolLine& line);
void AddTestCommand(CLI::App& app, ToolLine& line);
void AddBenchCommand(CLI::App& app, ToolLine& line);

}  // namespace cohort
