// The subcommands of `cohort`. Each adds itself, with its options, to the program, and says what to
// run when it is the one that was chosen.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "libs/config/load.h"

namespace CLI {
class App;
}

namespace cohort {

inline constexpr char kProgramName[] = "cohort";

struct CommandLine {
  std::vector<std::string> overrides;  // every "--section.key=value" of the line
  std::function<int()> run;            // set by the chosen subcommand; gives the exit code

  Result<Config> Load(const std::vector<std::string>& files) const {
    return LoadConfig({files, overrides, /*environment=*/true});
  }
};

void AddUpCommand(CLI::App& app, CommandLine& line);
void AddValidateCommand(CLI::App& app, CommandLine& line);
void AddStatusCommand(CLI::App& app, CommandLine& line);
void AddQueuesCommand(CLI::App& app, CommandLine& line);
void AddSamplesCommand(CLI::App& app, CommandLine& line);
void AddReportCommand(CLI::App& app, CommandLine& line);
void AddEvalCommand(CLI::App& app, CommandLine& line);
void AddConfigCommand(CLI::App& app, CommandLine& line);
void AddKeysCommand(CLI::App& app, CommandLine& line);

// `cohort score …` and `cohort scorer …` are another program's: cohort-scorer, the only one beside
// the reward worker that knows scorers. `cohort sandbox …` is cohort-sandbox'. These name them for
// --help;
void AddScorerCommands(CLI::App& app);
// and this becomes that program when the line is one of theirs: it then returns only when it
// cannot, with the exit code.
std::optional<int> BecomeScorerProgram(int argc, char** argv);

}  // namespace cohort
