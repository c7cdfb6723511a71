// cohort validate: everything that would fail at run time and can be known now.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "cli/preflight.h"
#include "libs/config/program_options.h"

namespace cohort {
namespace {

int Run(const std::vector<std::string>& files, const CommandLine& line) {
  const Result<Config> config = line.Load(files);
  if (!config.ok()) return ReportFailure(kProgramName, config.status());
  const Preflight found = CheckBeforeStart(*config);
  ReportWarnings(found.warnings);
  if (!found.problems.empty()) return ReportProblems(found.problems);
  std::printf("%s: ready: %lld rows, longest prompt %lld tokens, context %lld\n",
              files.back().c_str(), static_cast<long long>(found.rows),
              static_cast<long long>(found.longest), static_cast<long long>(found.context));
  return 0;
}

}  // namespace

void AddValidateCommand(CLI::App& app, CommandLine& line) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand(
      "validate", "Checks a configuration and the files it names; one line for each problem");
  command->add_option("config,-c,--config", *files, "TOML files, read left to right")
      ->required()
      ->type_name("FILE");
  command->callback([files, &line] { line.run = [files, &line] { return Run(*files, line); }; });
}

}  // namespace cohort
