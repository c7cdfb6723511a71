#include "reward_workers/math_scorer.h"

#include <optional>
#include <utility>

#include "libs/math/extract.h"
#include "libs/math/judge_math.h"
#include "reward_workers/pure_scorer.h"
#include "reward_workers/verdict_cache.h"

namespace cohort {
namespace {

Verdict GoldInvalid(std::string_view gold, std::string_view reason) {
  return Verdict::Masked(
      OutcomeReason::kGoldInvalid,
      "the gold answer " + Quoted(gold) + " cannot be read: " + std::string(reason));
}

Verdict JudgeAnswer(std::string_view gold, std::string_view answer) {
  const MathJudgement judgement = JudgeMath(gold, answer);
  std::string detail = "answer " + Quoted(answer) + ", gold " + Quoted(gold) + ": " +
                       std::string(MathVerdictName(judgement.verdict));
  if (!judgement.detail.empty()) detail += ": " + judgement.detail;
  switch (judgement.verdict) {
    case MathVerdict::kEqual:
      return Verdict::Graded(1, std::move(detail));
    case MathVerdict::kDifferent:
    case MathVerdict::kUndecided:
      return Verdict::Graded(0, std::move(detail));
    case MathVerdict::kUnparsed:
      return Verdict::Failed(OutcomeReason::kUnparseable, std::move(detail));
    case MathVerdict::kUnsupported:
    case MathVerdict::kTooCostly:
      return Verdict::Failed(OutcomeReason::kOutsideBudget, std::move(detail));
    case MathVerdict::kGoldInvalid:
      break;
  }
  return GoldInvalid(gold, judgement.detail);
}

}  // namespace

std::unique_ptr<Scorer> MakeMathScorer(std::string name, Span span, VerdictCache* cache) {
  const std::string scorer = name;
  return MakePureScorer(std::move(name), [scorer, span, cache](const ScoreRequest& request) {
    const std::string_view gold = request.rollout.prompt.truth;
    const std::optional<std::string_view> text = ExtractSpan(request.completion, span);
    const std::optional<ExtractedAnswer> answer =
        text ? ExtractAnswer(*text) : std::optional<ExtractedAnswer>();
    if (answer && cache != nullptr) {
      const Digest key = VerdictKey(scorer).Add(gold).Add(answer->text).Finish();
      if (std::optional<Verdict> verdict = cache->Find(scorer, key)) return *verdict;
      Verdict verdict = JudgeAnswer(gold, answer->text);
      cache->Keep(key, verdict);
      return verdict;
    }
    if (answer) return JudgeAnswer(gold, answer->text);
    if (const Status readable = CheckMathGold(gold); !readable.ok())
      return GoldInvalid(gold, readable.message());
    if (!text) return NoSpan(span);
    return Verdict::Failed(OutcomeReason::kUnparseable, "no answer in " + Quoted(*text));
  });
}

}  // namespace cohort
