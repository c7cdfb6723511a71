#include "reward_workers/judge/judge_scorer.h"

#include <optional>
#include <string>
#include <utility>

#include "libs/scoring/hollow.h"
#include "reward_workers/judge/both_orders.h"
#include "reward_workers/judge/judge_codec.h"
#include "reward_workers/judge/rubric.h"
#include "reward_workers/plugins/plugin_scorer.h"
#include "reward_workers/plugins/service_backend.h"
#include "reward_workers/pure_scorer.h"

namespace cohort {
namespace {

// What needs no judge is answered here; the rest is asked.
class JudgeScorer : public Scorer {
 public:
  JudgeScorer(std::unique_ptr<Scorer> judge, Span span, bool needs_reference)
      : judge_(std::move(judge)), span_(span), needs_reference_(needs_reference) {}

  const std::string& name() const override { return judge_->name(); }
  Duration Limit() const override { return judge_->Limit(); }
  size_t Places() const override { return judge_->Places(); }

  std::unique_ptr<PendingScore> Start(const ScoreRequest& request, VerdictCallback done) override {
    const std::optional<std::string_view> response = ExtractSpan(request.completion, span_);
    if (std::optional<Verdict> verdict = WithoutJudge(request, response)) {
      done(*std::move(verdict));
      return nullptr;
    }
    return judge_->Start({request.rollout, *response, request.right}, std::move(done));
  }

 private:
  std::optional<Verdict> WithoutJudge(const ScoreRequest& request,
                                      const std::optional<std::string_view>& response) const {
    if (needs_reference_ && Trimmed(request.rollout.prompt.truth).empty()) {
      return Verdict::Masked(OutcomeReason::kGoldInvalid,
                             "the row has no answer, and the rubric asks for one");
    }
    if (!response) return NoSpan(span_);
    if (response->size() > kMaxJudgedBytes) {
      return Verdict::Failed(
          OutcomeReason::kOutsideBudget,
          "too long for a judge: " + std::to_string(response->size()) + " bytes");
    }
    const std::string_view gold = Trimmed(request.rollout.prompt.truth);
    const bool may_be_hollow = !gold.empty() && IsHollow(gold);  // "which sign?" is answered by one
    if (IsHollow(*response) && !may_be_hollow) {
      return Verdict::Failed(OutcomeReason::kUnparseable,
                             "it says nothing: " + Quoted(Trimmed(*response)));
    }
    return std::nullopt;
  }

  const std::unique_ptr<Scorer> judge_;
  const Span span_;
  const bool needs_reference_;
};

std::string ChatCompletionsAt(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url + "/chat/completions";
}

}  // namespace

Result<std::unique_ptr<Scorer>> MakeJudgeScorer(const ScorerConfig& config, Span span,
                                                const ScorerContext& context) {
  const bool pairwise = config.comparison == "pairwise";
  Result<Rubric> rubric = Rubric::Read(config.rubric, pairwise);
  if (!rubric.ok()) return rubric.status().WithContext("scorers." + config.name);
  const bool needs_reference = pairwise || rubric->Asks("reference");
  COHORT_ASSIGN_OR_RETURN(std::unique_ptr<PluginBackend> backend,
                          MakeServiceBackend(config, ChatCompletionsAt(config.url),
                                             MakeJudgeCodec(config, *std::move(rubric)), context));
  if (pairwise) backend = MakeBothOrders(std::move(backend));
  return std::unique_ptr<Scorer>(std::make_unique<JudgeScorer>(
      MakePluginScorer(config.name, context, std::move(backend)), span, needs_reference));
}

}  // namespace cohort
