// cohort eval: a fleet whose learner loads, publishes, evaluates once and reports.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/preflight.h"
#include "cli/run_figures.h"
#include "cli/run_fleet.h"
#include "cli/text.h"
#include "libs/config/program_options.h"
#include "libs/run/json_lines.h"

namespace cohort {
namespace {

using nlohmann::json;

struct Options {
  std::vector<std::string> targets;  // configuration files, or one run directory
  std::string checkpoint;            // empty: a run's newest one, or the configuration's model
  std::string output;                // empty: none
};

// The newest checkpoint: their names are in order of time.
Result<std::filesystem::path> NewestCheckpoint(const RunDirectory& run) {
  std::filesystem::path newest;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(run.checkpoints(), error)) {
    const bool whole = entry.path().filename().string().starts_with("stage-") &&
                       std::filesystem::exists(entry.path() / "config.json");
    if (whole) newest = std::max(newest, entry.path());
  }
  if (newest.empty()) {
    return NotFound(run.checkpoints().string() +
                    " holds no checkpoint yet; name a model by "
                    "--checkpoint");
  }
  return newest;
}

Result<Config> LoadTarget(const Options& options, const CommandLine& line) {
  std::error_code error;
  if (!std::filesystem::is_directory(options.targets.front(), error)) {
    return line.Load(options.targets);
  }
  COHORT_ASSIGN_OR_RETURN(const RunDirectory run, RunDirectory::Open(options.targets.front()));
  COHORT_ASSIGN_OR_RETURN(Config config, line.Load({run.config().string()}));
  config.run.directory = run.path().string();
  if (options.checkpoint.empty()) {
    COHORT_ASSIGN_OR_RETURN(const std::filesystem::path newest, NewestCheckpoint(run));
    config.model.path = newest.string();
    config.model.init = "pretrained";
  }
  return config;
}

// An evaluation is a small run of its own, beside a fleet that may be running.
void MakeEvaluation(const Options& options, Config& config) {
  if (!options.checkpoint.empty()) {
    config.model.path = options.checkpoint;
    config.model.init = "pretrained";
  }
  StageConfig stage;
  stage.kind = "eval";
  config.stages = {stage};
  char now[32];
  const std::time_t seconds = std::time(nullptr);
  std::tm utc = {};
  std::strftime(now, sizeof(now), "%Y%m%dT%H%M%SZ", gmtime_r(&seconds, &utc));
  config.run.directory += "/evaluations/" + std::string(now) + "-" + std::to_string(getpid());
  config.broker.endpoint.clear();
  config.weights.endpoint.clear();
  config.telemetry.port = 0;
}

// All rows in the order of the file and of the samples.
Status WriteRows(const RunDirectory& run, const std::string& output) {
  std::vector<json> rows;
  COHORT_RETURN_IF_ERROR(ReadSamples(run, [&](const json& row) {
    if (row.value("purpose", "") == "eval") rows.push_back(row);
  }));
  const auto place = [](const json& row) {
    return std::pair(row.value("row", int64_t{0}), row.value("sample", int64_t{0}));
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const json& a, const json& b) { return place(a) < place(b); });
  std::error_code ignored;
  std::filesystem::remove(output, ignored);
  COHORT_ASSIGN_OR_RETURN(JsonLinesWriter writer, JsonLinesWriter::Open(output));
  for (const json& row : rows) COHORT_RETURN_IF_ERROR(writer.Append(row));
  return {};
}

Status Report(const RunDirectory& run, const Options& options, const Config& config) {
  COHORT_ASSIGN_OR_RETURN(const RunFigures figures, ReadRunFigures(run));
  if (figures.evaluations.empty()) {
    return Internal("the learner ended without an evaluation; its log is in " +
                    run.logs().string());
  }
  if (!options.output.empty()) COHORT_RETURN_IF_ERROR(WriteRows(run, options.output));
  const EvaluationFigures& result = figures.evaluations.back();
  std::printf("%s on %s: pass@1 %s ± %s  length %s  (%lld samples, %s)\n",
              config.model.path.c_str(), config.evaluation.data.c_str(),
              Fixed(result.pass_at_1, 4).c_str(), Fixed(result.standard_error, 4).c_str(),
              Fixed(result.length, 1).c_str(), static_cast<long long>(result.samples),
              Age(result.seconds).c_str());
  return {};
}

int Run(const Options& options, const CommandLine& line) {
  Result<Config> config = LoadTarget(options, line);
  if (!config.ok()) return ReportFailure(kProgramName, config.status());
  MakeEvaluation(options, *config);
  const Preflight found = CheckBeforeStart(*config);
  ReportWarnings(found.warnings);
  if (!found.problems.empty()) return ReportProblems(found.problems);
  const Result<RunDirectory> run = RunDirectory::Prepare(config->run.directory);
  if (!run.ok()) return ReportFailure(kProgramName, run.status());
  bool drained = false;
  const int code = RunFleet(*config, *run, /*resume=*/false, &drained);
  if (code != 0) return code;
  if (drained) return ReportFailure(kProgramName, Cancelled("stopped before the evaluation ended"));
  const Status status = Report(*run, options, *config);
  return status.ok() ? 0 : ReportFailure(kProgramName, status);
}

}  // namespace

void AddEvalCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "eval", "Evaluates a model once on evaluation.data with a fleet of its own");
  command
      ->add_option("target", options->targets,
                   "TOML files, or a run directory (its configuration and newest checkpoint)")
      ->required()
      ->type_name("CONFIG|RUN");
  command->add_option("--checkpoint", options->checkpoint,
                      "Hugging Face directory of the weights (default: a run's newest checkpoint, "
                      "or the configuration's model)");
  command->add_option("--output", options->output,
                      "JSONL file of all samples with their token ids, in order of row");
  command->callback(
      [options, &line] { line.run = [options, &line] { return Run(*options, line); }; });
}

}  // namespace cohort
