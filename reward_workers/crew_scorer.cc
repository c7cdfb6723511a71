#include "reward_workers/crew_scorer.h"

#include <exception>
#include <optional>
#include <utility>

#include "reward_workers/verdict_cache.h"

namespace cohort {
namespace {

class CrewScorer : public Scorer {
 public:
  CrewScorer(CrewScorerOptions options, const ScorerContext& context, CrewJudge judge)
      : options_(std::move(options)),
        context_(context),
        judge_(std::move(judge)),
        crew_(context.mailbox, options_.places) {}

  const std::string& name() const override { return options_.name; }
  Duration Limit() const override { return options_.limit; }
  size_t Places() const override { return options_.places; }
  ScorerWants Wants() const override { return options_.wants; }

  std::unique_ptr<PendingScore> Start(const ScoreRequest& request, VerdictCallback done) override {
    const Prompt& prompt = request.rollout.prompt;
    CrewQuestion question{Seen(request.completion), context_.decode(prompt.tokens), prompt.columns};
    const Digest key = VerdictKey(options_.name)
                           .Add(question.completion)
                           .Add(question.prompt)
                           .Add(question.columns)
                           .Finish();
    if (context_.verdicts != nullptr) {
      if (std::optional<Verdict> verdict = context_.verdicts->Find(options_.name, key)) {
        done(*std::move(verdict));
        return nullptr;
      }
    }
    return crew_.Start([this, key, question = std::move(question),
                        done = std::move(done)](CrewJob& job) -> Crew::Then {
      return [this, key, done, answer = Judge(question, job)] {
        if (answer.keep && context_.verdicts != nullptr) {
          context_.verdicts->Keep(key, answer.verdict);
        }
        done(answer.verdict);
      };
    });
  }

 private:
  // Libraries' exceptions end here: one answer's trouble is not the worker's.
  Judged Judge(const CrewQuestion& question, CrewJob& job) const {
    try {
      return judge_(question, job);
    } catch (const std::exception& problem) {
      return {Verdict::Masked(OutcomeReason::kGraderCrashed, problem.what())};
    }
  }

  // What is to be judged of a completion.
  std::string Seen(std::string_view completion) const {
    std::optional<std::string_view> text = ExtractSpan(completion, options_.span);
    if (options_.behind_thought) {
      text = ExtractSpan(completion, Span::kAnswer);
      if (!text) text = completion;
    }
    return std::string(text.value_or(""));
  }

  const CrewScorerOptions options_;
  const ScorerContext context_;
  const CrewJudge judge_;
  Crew crew_;  // last: uses the others
};

}  // namespace

std::unique_ptr<Scorer> MakeCrewScorer(CrewScorerOptions options, const ScorerContext& context,
                                       CrewJudge judge) {
  return std::make_unique<CrewScorer>(std::move(options), context, std::move(judge));
}

}  // namespace cohort
