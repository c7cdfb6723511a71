// cohort up: a whole fleet on this machine, from one command.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/command.h"
#include "cli/preflight.h"
#include "cli/run_fleet.h"
#include "libs/config/program_options.h"

namespace cohort {
namespace {

struct Options {
  std::vector<std::string> files;
  bool resume = false;
  bool clean = false;
};

// A run that never wrote a record or a checkpoint left nothing to resume or to lose.
bool HasBegun(const std::filesystem::path& directory) {
  if (!RunDirectory::HoldsRun(directory)) return false;
  const Result<RunDirectory> run = RunDirectory::Open(directory);
  if (!run.ok()) return true;
  std::error_code error;
  const bool has_records = std::filesystem::file_size(run->metrics(), error) > 0 && !error;
  return has_records || !std::filesystem::is_empty(run->checkpoints(), error);
}

Result<RunDirectory> PrepareRun(const Options& options, const std::string& directory) {
  COHORT_RETURN_IF_ERROR(LockFleet(directory));
  if (options.clean) {
    COHORT_RETURN_IF_ERROR(RunDirectory::Clean(directory));
  } else if (!options.resume && HasBegun(directory)) {
    return InvalidArgument(directory +
                           " holds a run already: go on with it by --resume, remove it by --clean, "
                           "or set another --run.directory=…");
  }
  return RunDirectory::Prepare(directory);
}

int Run(const Options& options, const CommandLine& line) {
  if (options.resume && options.clean) {
    return ReportFailure(kProgramName, InvalidArgument("--resume and --clean: name one of them"));
  }
  const Result<Config> config = line.Load(options.files);
  if (!config.ok()) return ReportFailure(kProgramName, config.status());
  const Preflight found = CheckBeforeStart(*config);
  ReportWarnings(found.warnings);
  if (!found.problems.empty()) return ReportProblems(found.problems);
  const Result<RunDirectory> run = PrepareRun(options, config->run.directory);
  if (!run.ok()) return ReportFailure(kProgramName, run.status());
  bool drained = false;
  const int code = RunFleet(*config, *run, options.resume, &drained);
  if (drained) {
    std::printf("stopped; cohort up … --resume goes on from the last checkpoint\n");
  } else if (code == 0) {
    std::printf("done; cohort report %s shows its curve\n", config->run.directory.c_str());
  }
  return code;
}

}  // namespace

void AddUpCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("up", "Starts a fleet on this machine, supervises it, shows its progress");
  command->add_option("config,-c,--config", options->files, "TOML files, read left to right")
      ->required()
      ->type_name("FILE");
  command->add_flag("--resume", options->resume,
                    "Go on with the run that the run directory holds, from its last checkpoint");
  command->add_flag("--clean", options->clean,
                    "Remove what an earlier run left in the run directory first");
  command->footer(
      "A child that dies is started again; SIGTERM and Ctrl-C drain the fleet, a second "
      "one stops it at once.");
  command->callback(
      [options, &line] { line.run = [options, &line] { return Run(*options, line); }; });
}

}  // namespace cohort
