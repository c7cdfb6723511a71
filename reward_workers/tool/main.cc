// cohort-scorer: runs, scaffolds, checks and times scorers without a fleet.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>

#include "libs/config/program_options.h"
#include "reward_workers/tool/command.h"

namespace cohort {
namespace {

constexpr char kFooter[] =
    "docs/scorers.md shows how a scorer is written.\n"
    "Exit codes: 0 done, 1 failed, 2 the command line or the configuration is wrong.";

int Main(int argc, char** argv) {
  ToolLine line;
  line.program = argc > 0 ? argv[0] : "cohort-scorer";
  line.program.erase(0, line.program.rfind('/') + 1);
  CLI::App app("Runs, scaffolds, checks and times scorers without a fleet.", line.program);
  app.footer(kFooter);
  app.require_subcommand(1);
  AddScoreCommand(app, line);
  AddNewCommand(app, line);
  AddTestCommand(app, line);
  AddBenchCommand(app, line);

  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  // What follows "--" is a scorer's own.
  const auto own = std::find(words.begin(), words.end(), "--");
  std::vector<std::string> rest(own, words.end());
  words.erase(own, words.end());
  if (const Status status = TakeOverrides(words, line.overrides); !status.ok()) {
    return ReportFailure(line.program, status);
  }
  words.insert(words.end(), rest.begin(), rest.end());
  if (const std::optional<int> code = ParseWords(app, std::move(words), line.program)) return *code;
  try {
    return line.run();
  } catch (const std::exception& error) {
    return ReportFailure(line.program, Internal(error.what()));
  }
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) { return cohort::Main(argc, argv); }
