// cohort: starts, watches and reads runs.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command.h"
#include "libs/config/program_options.h"

namespace cohort {
namespace {

constexpr char kFooter[] =
    "`cohort COMMAND --help` shows a command's options with their defaults.\n"
    "Any key of a configuration can be set as --section.key=value (in one word);\n"
    "docs/configuration.md lists them.\n"
    "Exit codes: 0 done, 1 failed, 2 the command line or the configuration is wrong.";

int Main(int argc, char** argv) {
  if (const std::optional<int> code = HandOver(argc, argv)) return *code;
  CLI::App app("Reinforcement learning of language models on a fleet of processes.", kProgramName);
  app.footer(kFooter);
  app.require_subcommand(1);
  CommandLine line;
  AddUpCommand(app, line);
  AddValidateCommand(app, line);
  AddStatusCommand(app, line);
  AddQueuesCommand(app, line);
  AddSamplesCommand(app, line);
  AddReportCommand(app, line);
  AddEvalCommand(app, line);
  AddConfigCommand(app, line);
  AddKeysCommand(app, line);
  AddHandedOverCommands(app);

  std::vector<std::string> words(argv + 1, argv + argc);
  if (const Status status = TakeOverrides(words, line.overrides); !status.ok()) {
    return ReportFailure(kProgramName, status);
  }
  if (const std::optional<int> code = ParseWords(app, std::move(words), kProgramName)) {
    return *code;
  }
  return line.run();
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) { return cohort::Main(argc, argv); }
