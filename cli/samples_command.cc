// cohort samples: rollouts, readable; or those that are accepted, as demonstrations for SFT.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/run_figures.h"
#include "cli/run_sample_source.h"
#include "cli/sample_text.h"
#include "libs/base/files.h"
#include "libs/config/program_options.h"
#include "libs/run/accepted_samples.h"

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
  std::string purpose;  // "train", "eval"; empty: both
  std::optional<double> min_reward;
  bool as_json = false;
  std::string sft;  // where demonstrations are written; empty: rows are printed
  int64_t per_prompt = 0;
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

// Rows of one step, route, purpose or evaluation. What is right or worth enough is chosen later.
class Place {
 public:
  static Result<Place> Of(const RunDirectory& run, const Options& options) {
    Place place(options);
    if (options.before || options.after) {
      COHORT_ASSIGN_OR_RETURN(place.evaluation_, FindEvaluation(run, options.before));
    }
    return place;
  }
  bool Has(const json& row) const {
    if (evaluation_ && !IsOfEvaluation(row, evaluation_->stage_index, evaluation_->step)) {
      return false;
    }
    if (options_.step && row.value("step", int64_t{-1}) != *options_.step) return false;
    if (!options_.purpose.empty() && row.value("purpose", "") != options_.purpose) return false;
    return options_.route.empty() || row.value("route", "") == options_.route;
  }

 private:
  explicit Place(const Options& options) : options_(options) {}
  const Options& options_;
  std::optional<EvaluationFigures> evaluation_;
};

Status NothingFits(const RunDirectory& run) {
  return NotFound(run.samples().string() + " has no rows that fit; ask for fewer conditions");
}

Status Print(const Options& options) {
  COHORT_ASSIGN_OR_RETURN(const RunDirectory run, RunDirectory::Open(options.run));
  COHORT_ASSIGN_OR_RETURN(const Place place, Place::Of(run, options));
  std::deque<json> kept;
  COHORT_RETURN_IF_ERROR(ReadSamples(run, [&](const json& row) {
    if (!place.Has(row)) return;
    if (options.right && !row.value("correct", false)) return;
    if (options.wrong && row.value("correct", true)) return;
    if (options.min_reward && !(row.at("reward").get<double>() >= *options.min_reward)) return;
    kept.push_back(row);
    if (static_cast<int64_t>(kept.size()) > options.last) kept.pop_front();
  }));
  if (kept.empty()) return NothingFits(run);
  for (const json& row : kept) {
    const std::string text = options.as_json
                                 ? row.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"
                                 : SampleText(row) + "\n";
    std::fputs(text.c_str(), stdout);
  }
  return {};
}

std::string InWords(const AcceptanceReport& report) {
  std::string words = std::to_string(report.accepted) + " of " + std::to_string(report.samples) +
                      " samples accepted, over " + std::to_string(report.prompts_accepted) +
                      " of " + std::to_string(report.prompts) + " prompts";
  std::string others;
  const auto add = [&](int64_t count, const std::string& what) {
    if (count > 0) others += (others.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  };
  add(report.rejected, "rejected");
  add(report.cut_off, "cut off");
  add(report.unfit, "empty or with special tokens as text");
  add(report.duplicates, "duplicates");
  add(report.surplus, "beyond --per-prompt");
  return others.empty() ? words : words + " (" + others + ")";
}

// A run trains on what it drew for training; what it drew for evaluation is held out, unless it is
// asked for or the run is one of `cohort eval`.
std::string PurposeOf(const Options& options, const Config& config) {
  if (!options.purpose.empty()) return options.purpose;
  if (options.before || options.after) return "eval";
  for (const StageConfig& stage : config.stages) {
    if (stage.kind != "eval") return "train";
  }
  return "eval";
}

Status WriteDemonstrations(Options options, const CommandLine& line) {
  if (!options.right && !options.min_reward) {
    return InvalidArgument("--sft needs to know what is accepted: --right, --min-reward, or both");
  }
  COHORT_ASSIGN_OR_RETURN(const RunDirectory run, RunDirectory::Open(options.run));
  COHORT_ASSIGN_OR_RETURN(const Config config, line.Load({run.config().string()}));
  options.purpose = PurposeOf(options, config);
  COHORT_ASSIGN_OR_RETURN(const Place place, Place::Of(run, options));
  AcceptedSamples accepted({options.right, options.min_reward, options.per_prompt});
  COHORT_RETURN_IF_ERROR(ReadSamples(run, [&](const json& row) {
    if (place.Has(row)) accepted.Consider(row);
  }));
  COHORT_ASSIGN_OR_RETURN(RunSampleSource source, RunSampleSource::Open(config));
  COHORT_ASSIGN_OR_RETURN(const AcceptedSamples::Demonstrations result, accepted.Finish(source));
  if (result.report.samples == 0) return NothingFits(run);
  if (result.lines.empty()) {
    return NotFound(InWords(result.report) + ": " + options.sft + " is not written");
  }
  COHORT_RETURN_IF_ERROR(WriteFileAtomically(options.sft, result.lines));
  std::fprintf(stderr, "%s: %s\n", options.sft.c_str(), InWords(result.report).c_str());
  return {};
}

}  // namespace

void AddSamplesCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "samples",
      "Prints rollouts of a run, the newest last, or writes the accepted ones as SFT data");
  command->add_option("run", options->run, "Run directory")->required()->type_name("RUN");
  command->add_option("--step", options->step, "Only those of this step");
  CLI::Option* last =
      command->add_option("--last", options->last, "How many at most, from the newest")
          ->capture_default_str()
          ->check(CLI::PositiveNumber);
  CLI::Option* before = command->add_flag(
      "--before", options->before, "Only those of the evaluation before the first GRPO step");
  command->add_flag("--after", options->after, "Only those of the last evaluation")
      ->excludes(before);
  CLI::Option* right = command->add_flag("--right", options->right, "Only those that are right");
  CLI::Option* wrong =
      command->add_flag("--wrong", options->wrong, "Only those that are wrong")->excludes(right);
  command->add_option("--min-reward", options->min_reward,
                      "Only those with this reward or a higher one");
  command->add_option("--route", options->route, "Only those of this route");
  command
      ->add_option("--purpose", options->purpose,
                   "Only those drawn to train or to evaluate (with --sft: train, unless the run is "
                   "one of `cohort eval` or --before or --after ask for evaluations)")
      ->check(CLI::IsMember({"train", "eval"}));
  CLI::Option* as_json =
      command->add_flag("--json", options->as_json, "As they are in samples.jsonl");
  CLI::Option* sft =
      command
          ->add_option("--sft", options->sft,
                       "Writes all that are accepted (--right, --min-reward) as demonstrations "
                       "for an sft stage to this JSONL file, instead of printing")
          ->excludes(wrong)
          ->excludes(last)
          ->excludes(as_json);
  command
      ->add_option("--per-prompt", options->per_prompt,
                   "With --sft: how many of a prompt at most, the highest rewards first")
      ->check(CLI::PositiveNumber)
      ->needs(sft);
  command->callback([options, &line] {
    line.run = [options, &line] {
      const Status status =
          options->sft.empty() ? Print(*options) : WriteDemonstrations(*options, line);
      return status.ok() ? 0 : ReportFailure(kProgramName, status);
    };
  });
}

}  // namespace cohort
