// cohort report: a run's curve, samples from before and after, and its verdict.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/run_figures.h"
#include "cli/sample_text.h"
#include "cli/text.h"
#include "libs/base/files.h"
#include "libs/config/program_options.h"
#include "libs/run/svg_chart.h"

namespace cohort {
namespace {

using nlohmann::json;

struct Options {
  std::string run;
  std::string name;  // empty: the run directory's
  std::optional<double> seconds;
  int64_t samples = 2;
  std::optional<double> before_at_most, after_at_least, length_ratio_at_least;
};

struct Verdict {
  EvaluationFigures before, after;
  double length_ratio() const { return after.length / before.length; }
};

Chart MakeChart(const std::string& name, const RunFigures& figures) {
  ChartSeries pass{"pass@1, held out", {}, /*markers=*/true};
  ChartSeries reward{"reward", {}, false};
  ChartSeries correct{"right, training", {}, false};
  ChartSeries length{"training", {}, false};
  ChartSeries held_out_length{"held out", {}, /*markers=*/true};
  for (const EvaluationFigures& evaluation : figures.evaluations) {
    if (!evaluation.of_grpo) continue;
    pass.points.emplace_back(evaluation.x, evaluation.pass_at_1);
    held_out_length.points.emplace_back(evaluation.x, evaluation.length);
  }
  for (const StepFigures& step : figures.steps) {
    reward.points.emplace_back(step.x, step.reward);
    correct.points.emplace_back(step.x, step.correct);
    length.points.emplace_back(step.x, step.length);
  }
  ChartPanel quality{.y_label = "pass@1, reward", .series = {pass, reward, correct}};
  quality.y_min = 0;
  ChartPanel lengths{.y_label = "tokens of a completion", .series = {held_out_length, length}};
  lengths.y_min = 0;
  return {name, "GRPO step", {quality, lengths}};
}

Result<Verdict> FindVerdict(const RunDirectory& run, const RunFigures& figures) {
  std::optional<Verdict> verdict;
  for (const EvaluationFigures& evaluation : figures.evaluations) {
    if (!evaluation.of_grpo) continue;
    if (!verdict) verdict = Verdict{evaluation, evaluation};
    verdict->after = evaluation;
  }
  if (!verdict) {
    return FailedPrecondition(run.metrics().string() +
                              " has no evaluation of a grpo stage; set evaluation.data and run it");
  }
  return *verdict;
}

// The same rows before and after, first those that went from wrong to right.
Status PrintSamples(const RunDirectory& run, const Verdict& verdict, int64_t count) {
  using Key = std::pair<int64_t, int64_t>;  // row, sample
  std::map<Key, json> before, after;
  COHORT_RETURN_IF_ERROR(ReadSamples(run, [&](const json& row) {
    const Key key{row.at("row").get<int64_t>(), row.value("sample", int64_t{0})};
    const auto keep = [&](const EvaluationFigures& evaluation, std::map<Key, json>& rows) {
      if (IsOfEvaluation(row, evaluation.stage_index, evaluation.step)) rows[key] = row;
    };
    keep(verdict.before, before);
    keep(verdict.after, after);
  }));
  int64_t left = count;
  for (const bool turned : {true, false}) {
    for (const auto& [key, row] : before) {
      const auto later = after.find(key);
      if (later == after.end()) continue;
      const bool turns = !row.value("correct", false) && later->second.value("correct", false);
      if (turns != turned || left-- <= 0) continue;
      std::printf("before %s\nafter  %s\n", SampleText(row).c_str(),
                  SampleText(later->second).c_str());
    }
  }
  return {};
}

std::vector<std::string> Missed(const Options& options, const Verdict& verdict) {
  std::vector<std::string> missed;
  const auto check = [&](const char* what, double value, bool holds, const char* bound,
                         const std::optional<double>& limit) {
    if (limit && !holds) {
      missed.push_back(std::string(what) + " is " + Fixed(value, 4) + ", wanted " + bound + " " +
                       Fixed(*limit, 4));
    }
  };
  const double before = verdict.before.pass_at_1, after = verdict.after.pass_at_1;
  const double ratio = verdict.length_ratio();
  check("pass@1 before", before, before <= options.before_at_most.value_or(0), "at most",
        options.before_at_most);
  check("pass@1 after", after, after >= options.after_at_least.value_or(0), "at least",
        options.after_at_least);
  check("length ratio", ratio, ratio >= options.length_ratio_at_least.value_or(0), "at least",
        options.length_ratio_at_least);
  return missed;
}

Result<bool> Report(const Options& options) {
  COHORT_ASSIGN_OR_RETURN(const RunDirectory run, RunDirectory::Open(options.run));
  COHORT_ASSIGN_OR_RETURN(const RunFigures figures, ReadRunFigures(run));
  COHORT_ASSIGN_OR_RETURN(const Verdict verdict, FindVerdict(run, figures));
  const std::string name = options.name.empty() ? run.path().filename().string() : options.name;
  const std::filesystem::path curve = run.path() / "curve.svg";
  COHORT_RETURN_IF_ERROR(WriteFileAtomically(curve, RenderSvg(MakeChart(name, figures))));
  if (std::error_code error; std::filesystem::exists(run.samples(), error)) {
    COHORT_RETURN_IF_ERROR(PrintSamples(run, verdict, options.samples));
  }
  std::printf("blocked on the broker: %s s, %s of the run\n",
              Fixed(figures.broker_wait_seconds, 2).c_str(),
              Fixed(figures.broker_wait_seconds / std::max(figures.seconds, 1e-9), 4).c_str());
  std::printf("curve %s\n", curve.c_str());
  const std::vector<std::string> missed = Missed(options, verdict);
  std::fflush(stdout);
  for (const std::string& line : missed) ReportFailure(kProgramName, Internal(name + ": " + line));
  std::printf("demo %s before=%s after=%s length_ratio=%s seconds=%s\n", name.c_str(),
              Fixed(verdict.before.pass_at_1, 4).c_str(), Fixed(verdict.after.pass_at_1, 4).c_str(),
              Fixed(verdict.length_ratio(), 2).c_str(),
              Fixed(options.seconds.value_or(figures.seconds), 0).c_str());
  return missed.empty();
}

}  // namespace

void AddReportCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "report", "Draws a run's curve, shows samples from before and after, prints its verdict");
  command->add_option("run", options->run, "Run directory")->required()->type_name("RUN");
  command->add_option("--name", options->name, "Name in the verdict (default: the directory's)");
  command->add_option("--seconds", options->seconds,
                      "Wall time in the verdict (default: from the first record to the last)");
  command->add_option("--samples", options->samples, "Pairs of samples that are shown")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command->add_option("--require-before-at-most", options->before_at_most,
                      "Exit 1 when pass@1 before GRPO is above");
  command->add_option("--require-after-at-least", options->after_at_least,
                      "Exit 1 when pass@1 at the end is below");
  command->add_option("--require-length-ratio-at-least", options->length_ratio_at_least,
                      "Exit 1 when mean length after / before is below");
  command->callback([options, &line] {
    line.run = [options] {
      const Result<bool> held = Report(*options);
      if (!held.ok()) return ReportFailure(kProgramName, held.status());
      return *held ? 0 : 1;
    };
  });
}

}  // namespace cohort
