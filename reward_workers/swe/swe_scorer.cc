#include "reward_workers/swe/swe_scorer.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "libs/base/shared_folders.h"
#include "reward_workers/beside_program.h"
#include "reward_workers/crew_scorer.h"
#include "reward_workers/scorer_sandbox.h"
#include "reward_workers/swe/patch_similarity.h"
#include "reward_workers/swe/read_patch.h"
#include "reward_workers/swe/swe_judge.h"

namespace cohort {
namespace {

constexpr Duration kTurnAllowance = std::chrono::minutes(30);
// An answer's run and the reference's, each repeated with up to four times the time.
constexpr int kRunsAllowed = 10;

Duration LongestRun(const std::map<std::string, SweEnvironment>& environments) {
  Duration longest{};
  for (const auto& [name, environment] : environments) {
    longest = std::max(longest, Duration(environment.limits.wall));
  }
  return longest;
}

Result<std::shared_ptr<const SweTasks>> MakeTasks(const ScorerConfig& config) {
  const std::string key = "scorers." + config.name + ".";
  Result<std::map<std::string, SweEnvironment>> environments =
      ReadSweEnvironments(std::filesystem::absolute(config.environments));
  if (!environments.ok()) return environments.status().WithContext(key + "environments");
  Result<std::unique_ptr<SourceTrees>> trees =
      SourceTrees::Open(config.trees.empty() ? SharedFolders::Default("trees")
                                             : std::filesystem::absolute(config.trees));
  if (!trees.ok()) return trees.status().WithContext(key + "trees");
  return std::make_shared<const SweTasks>(*std::move(environments), *std::move(trees));
}

Result<CrewScorerOptions> MakeOptions(const ScorerConfig& config, const ScorerContext& context) {
  if (context.mailbox == nullptr || context.clock == nullptr || !context.decode) {
    return FailedPrecondition("scorers." + config.name + ": kind " + config.kind +
                              " cannot run here");
  }
  CrewScorerOptions options{.name = config.name};
  const Result<Span> span = ParseSpan(config.span.empty() ? "all" : config.span);
  if (!span.ok()) {
    return InvalidArgument("scorers." + config.name + ".span: " + span.status().message());
  }
  options.span = *span;
  options.behind_thought = config.span.empty();
  options.wants.columns = {"instance_id", "FAIL_TO_PASS", "PASS_TO_PASS"};
  return options;
}

// What judges, with what it uses.
struct Bench {
  std::shared_ptr<Sandbox> sandbox;
  std::shared_ptr<const SweTasks> tasks;
  SweJudge judge;
};

Judged JudgeSimilarity(const SweTasks& tasks, const CrewQuestion& question) {
  const Result<SweTask> task = tasks.Find(question.columns);
  if (!task.ok()) return {Verdict::Masked(OutcomeReason::kGoldInvalid, task.status().message())};
  const Result<ChangedFiles> reference = ReferenceFiles(*task);
  if (!reference.ok()) {
    return {Verdict::Masked(OutcomeReason::kGoldInvalid, reference.status().message())};
  }
  const auto failed = [](OutcomeReason reason, const Status& why) {
    return Judged{Verdict::Failed(reason, why.message()), true};
  };
  const Result<Patch> patch = ReadPatch(question.completion);
  if (!patch.ok()) {
    const bool none = patch.status().code() == StatusCode::kNotFound;
    return failed(none ? OutcomeReason::kUnparseable : OutcomeReason::kPatchRejected,
                  patch.status());
  }
  const Result<ChangedFiles> files = ApplyPatch(*patch, task->reader());
  if (!files.ok()) return failed(OutcomeReason::kPatchRejected, files.status());
  if (files->empty()) return {Verdict::Graded(0, "the patch changes nothing"), true};
  const Result<double> similarity = PatchSimilarity(*files, *reference, task->reader());
  if (!similarity.ok()) return failed(OutcomeReason::kOutsideBudget, similarity.status());
  return {Verdict::Graded(*similarity), true};
}

}  // namespace

Result<std::unique_ptr<Scorer>> MakeSweScorer(const ScorerConfig& config,
                                              const ScorerContext& context) {
  COHORT_ASSIGN_OR_RETURN(CrewScorerOptions options, MakeOptions(config, context));
  COHORT_ASSIGN_OR_RETURN(const std::shared_ptr<const SweTasks> tasks, MakeTasks(config));
  const std::string tools = BesideProgram({"../share/cohort/swe", "../../reward_workers/swe/python",
                                           "../../../reward_workers/swe/python"})
                                .string();
  if (tools.empty()) {
    return NotFound("the folder with cohort_report.py is not beside this program");
  }
  COHORT_ASSIGN_OR_RETURN(const std::shared_ptr<Sandbox> sandbox,
                          OpenScorerSandbox(config, context));
  options.places = SandboxPlaces(config);
  options.limit = kTurnAllowance + kRunsAllowed * LongestRun(tasks->environments());
  const auto bench = std::shared_ptr<Bench>(
      new Bench{sandbox, tasks, SweJudge(sandbox.get(), tasks.get(), context.clock, tools)});
  return MakeCrewScorer(
      std::move(options), context, [bench](const CrewQuestion& question, CrewJob& job) {
        return bench->judge.Judge(
            question.completion, question.columns,
            [&](std::string phase) { job.SetPhase(std::move(phase)); }, job.cancelled());
      });
}

Result<std::unique_ptr<Scorer>> MakePatchSimilarityScorer(const ScorerConfig& config,
                                                          const ScorerContext& context) {
  COHORT_ASSIGN_OR_RETURN(CrewScorerOptions options, MakeOptions(config, context));
  COHORT_ASSIGN_OR_RETURN(const std::shared_ptr<const SweTasks> tasks, MakeTasks(config));
  options.limit = kTurnAllowance;
  options.wants.columns.push_back("patch");
  return MakeCrewScorer(std::move(options), context,
                        [tasks](const CrewQuestion& question, CrewJob& job) {
                          job.SetPhase("comparing");
                          return JudgeSimilarity(*tasks, question);
                        });
}

}  // namespace cohort
