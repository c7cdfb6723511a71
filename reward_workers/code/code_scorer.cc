#include "reward_workers/code/code_scorer.h"

#include <chrono>
#include <utility>

#include "reward_workers/beside_program.h"
#include "reward_workers/code/code_judge.h"
#include "reward_workers/code/program_language.h"
#include "reward_workers/crew_scorer.h"
#include "reward_workers/scorer_sandbox.h"

namespace cohort {
namespace {

constexpr Duration kTurnAllowance = std::chrono::minutes(30);
constexpr int kTestsAllowed = 1000;  // of one rollout, for the limit of its lease

// What judges, with what it uses.
struct Bench {
  std::shared_ptr<Sandbox> sandbox;
  CodeJudge judge;
};

Status Bad(const ScorerConfig& config, const std::string& what) {
  return InvalidArgument("scorers." + config.name + "." + what);
}

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

}  // namespace

Result<std::unique_ptr<Scorer>> MakeCodeScorer(const ScorerConfig& config,
                                               const ScorerContext& context) {
  if (context.mailbox == nullptr || !context.decode) {
    return FailedPrecondition("scorers." + config.name + ": kind code cannot run here");
  }
  const Result<Span> span = ParseSpan(config.span.empty() ? "all" : config.span);
  if (!span.ok()) return Bad(config, "span: " + span.status().message());
  CodeJudge::Options options;
  COHORT_ASSIGN_OR_RETURN(options.runner.language, FindLanguage(config.program, context.languages));
  COHORT_ASSIGN_OR_RETURN(options.credit, ParseCodeCredit(config.credit));
  COHORT_ASSIGN_OR_RETURN(options.match, ParseOutputMatch(config.match));
  options.tolerance = config.tolerance;
  options.continues_prompt = config.continues_prompt;
  options.runner.limits.cpu = Milliseconds(config.cpu_seconds);
  options.runner.limits.wall = Milliseconds(config.timeout_seconds);
  options.runner.limits.memory = static_cast<uint64_t>(config.memory_mb) << 20;
  options.scripts = BesideProgram({"../share/cohort/code", "../../reward_workers/code/python",
                                   "../../../reward_workers/code/python"})
                        .string();
  if (options.scripts.empty()) {
    return NotFound("the folder with checker.py is not beside this program");
  }
  COHORT_ASSIGN_OR_RETURN(std::shared_ptr<Sandbox> sandbox, OpenScorerSandbox(config, context));
  if (const Status status = CheckPrograms(*sandbox, options.runner.language); !status.ok()) {
    return status.WithContext("scorers." + config.name);
  }
  CrewScorerOptions scorer{.name = config.name, .span = *span, .places = SandboxPlaces(config)};
  scorer.limit = kTurnAllowance + kTestsAllowed * 2 * Duration(options.runner.limits.wall);
  const auto bench =
      std::shared_ptr<Bench>(new Bench{sandbox, CodeJudge(sandbox.get(), std::move(options))});
  return MakeCrewScorer(
      std::move(scorer), context, [bench](const CrewQuestion& question, CrewJob& job) {
        job.SetPhase("testing");
        return bench->judge.Judge({question.completion, question.prompt, question.columns},
                                  job.cancelled());
      });
}

}  // namespace cohort
