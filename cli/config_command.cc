// cohort config: the reference of all keys, or a configuration as every process would see it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "libs/config/program_options.h"

namespace cohort {
namespace {

struct Options {
  std::vector<std::string> files;
  bool reference = false;
};

int Run(const Options& options, const CommandLine& line) {
  if (options.reference) {
    std::fputs(ConfigReference().c_str(), stdout);
    return 0;
  }
  const Result<Config> config = line.Load(options.files);
  if (!config.ok()) return ReportFailure(kProgramName, config.status());
  std::fputs(ConfigToToml(*config).c_str(), stdout);
  return 0;
}

}  // namespace

void AddConfigCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "config", "Prints the resolved configuration, or the reference of all keys");
  command->add_option("config,-c,--config", options->files, "TOML files, read left to right")
      ->type_name("FILE");
  command->add_flag("--reference", options->reference,
                    "Print docs/configuration.md: every key with default, bounds and meaning");
  command->callback(
      [options, &line] { line.run = [options, &line] { return Run(*options, line); }; });
}

}  // namespace cohort
