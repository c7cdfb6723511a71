// cohort samples: rollouts, readable.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/run_figures.h"
#include "cli/sample_text.h"
#include "libs/config/program_options.h"

namespace cohort {
namespace {

using nlohmann::json;

struct Options {
  std::string run;
  std::optional<int64_t> step;
  int64_t last = 5;
  bool before = false, after = false;
  bool right = false, wrong = false;
  std::string route;
  bool as_json = false;
};

// The evaluation before the first GRPO step, or the last one.
Result<EvaluationFigures> FindEvaluation(const RunDirectory& run, bool before) {
  COHORT_ASSIGN_OR_RETURN(const RunFigures figures, ReadRunFigures(run));
  std::optional<EvaluationFigures> found;
  for (const EvaluationFigures& evaluation : figures.evaluations) {
    if (!evaluation.of_grpo) continue;
    if (!before || !found) found = evaluation;
  }
  if (!found) return NotFound(run.metrics().string() + " has no evaluation of a grpo stage yet");
  return *found;
}

Status Print(const Options& options) {
  COHORT_ASSIGN_OR_RETURN(const RunDirectory run, RunDirectory::Open(options.run));
  std::optional<EvaluationFigures> evaluation;
  if (options.before || options.after) {
    COHORT_ASSIGN_OR_RETURN(evaluation, FindEvaluation(run, options.before));
  }
  std::deque<json> kept;
  COHORT_RETURN_IF_ERROR(ReadSamples(run, [&](const json& row) {
    if (evaluation && !IsOfEvaluation(row, evaluation->stage_index, evaluation->step)) return;
    if (options.step && row.value("step", int64_t{-1}) != *options.step) return;
    if (!options.route.empty() && row.value("route", "") != options.route) return;
    if (options.right && !row.value("correct", false)) return;
    if (options.wrong && row.value("correct", true)) return;
    kept.push_back(row);
    if (static_cast<int64_t>(kept.size()) > options.last) kept.pop_front();
  }));
  if (kept.empty()) {
    return NotFound(run.samples().string() + " has no rows that fit; ask for fewer conditions");
  }
  for (const json& row : kept) {
    const std::string text = options.as_json
                                 ? row.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"
                                 : SampleText(row) + "\n";
    std::fputs(text.c_str(), stdout);
  }
  return {};
}

}  // namespace

void AddSamplesCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("samples", "Prints rollouts of a run, the newest last");
  command->add_option("run", options->run, "Run directory")->required()->type_name("RUN");
  command->add_option("--step", options->step, "Only those of this step");
  command->add_option("--last", options->last, "How many at most, from the newest")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  CLI::Option* before = command->add_flag(
      "--before", options->before, "Only those of the evaluation before the first GRPO step");
  command->add_flag("--after", options->after, "Only those of the last evaluation")
      ->excludes(before);
  CLI::Option* right = command->add_flag("--right", options->right, "Only those that are right");
  command->add_flag("--wrong", options->wrong, "Only those that are wrong")->excludes(right);
  command->add_option("--route", options->route, "Only those of this route");
  command->add_flag("--json", options->as_json, "As they are in samples.jsonl");
  command->callback([options, &line] {
    line.run = [options] {
      const Status status = Print(*options);
      return status.ok() ? 0 : ReportFailure(kProgramName, status);
    };
  });
}

}  // namespace cohort
