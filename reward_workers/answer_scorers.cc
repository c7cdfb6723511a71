#include "reward_workers/answer_scorers.h"

#include <optional>
#include <utility>

#include "libs/scoring/answers.h"
#include "libs/scoring/language.h"
#include "libs/scoring/shape.h"
#include "reward_workers/pure_scorer.h"

namespace cohort {
namespace {

std::string Comparison(std::string_view answer, std::string_view gold) {
  return "answer " + Quoted(answer) + ", gold " + Quoted(gold);
}

constexpr ScorerWants kReadsTokens{.completion_ids = true};

}  // namespace

std::unique_ptr<Scorer> MakeExactScorer(std::string name, Span span) {
  return MakePureScorer(std::move(name), [span](const ScoreRequest& request) {
    const std::string_view gold = Trimmed(request.rollout.prompt.truth);
    if (gold.empty()) {
      return Verdict::Masked(OutcomeReason::kGoldInvalid, "the gold answer is empty");
    }
    const std::optional<std::string_view> answer = ExtractSpan(request.completion, span);
    if (!answer) return NoSpan(span);
    return Verdict::Graded(ExactMatch(*answer, gold) ? 1 : 0, Comparison(Trimmed(*answer), gold));
  });
}

std::unique_ptr<Scorer> MakeNumericScorer(std::string name, Span span) {
  return MakePureScorer(std::move(name), [span](const ScoreRequest& request) {
    const std::string& truth = request.rollout.prompt.truth;
    const std::optional<std::string> gold = NumberText(truth);
    if (!gold) {
      return Verdict::Masked(OutcomeReason::kGoldInvalid,
                             "the gold answer " + Quoted(truth) + " is not one number");
    }
    const std::optional<std::string_view> text = ExtractSpan(request.completion, span);
    if (!text) return NoSpan(span);
    const std::optional<std::string> answer = LastNumber(*text);
    if (!answer) {
      return Verdict::Failed(OutcomeReason::kUnparseable, "no number in " + Quoted(*text));
    }
    return Verdict::Graded(*answer == *gold ? 1 : 0, Comparison(*answer, *gold));
  });
}

std::unique_ptr<Scorer> MakeFormatScorer(std::string name, EmptyThought empty_thought) {
  return MakePureScorer(std::move(name), [empty_thought](const ScoreRequest& request) {
    const std::string_view problem = ThinkingFormatProblem(request.completion, empty_thought);
    return Verdict::Graded(problem.empty() ? 1 : 0, std::string(problem));
  });
}

std::unique_ptr<Scorer> MakeLenientFormatScorer(std::string name) {
  return MakePureScorer(std::move(name), [](const ScoreRequest& request) {
    const std::string_view problem = LenientFormatProblem(request.completion);
    return Verdict::Graded(problem.empty() ? 1 : 0, std::string(problem));
  });
}

std::unique_ptr<Scorer> MakeTagScorer(std::string name) {
  return MakePureScorer(std::move(name), [](const ScoreRequest& request) {
    return Verdict::Graded(TagShare(request.completion));
  });
}

std::unique_ptr<Scorer> MakeCleanStopScorer(std::string name) {
  return MakePureScorer(std::move(name), [](const ScoreRequest& request) {
    const bool stopped = request.rollout.finish == FinishReason::kStop;
    return Verdict::Graded(CleanStopValue(stopped), stopped ? "" : "cut off at the limit");
  });
}

std::unique_ptr<Scorer> MakeLengthScorer(std::string name, size_t limit) {
  return MakePureScorer(
      std::move(name),
      [limit](const ScoreRequest& request) {
        return Verdict::Graded(LengthValue(request.rollout.tokens.size(), limit));
      },
      kReadsTokens);
}

std::unique_ptr<Scorer> MakeSoftOverlongScorer(std::string name, size_t limit, size_t buffer) {
  return MakePureScorer(
      std::move(name),
      [limit, buffer](const ScoreRequest& request) {
        return Verdict::Graded(SoftOverlongValue(request.rollout.tokens.size(), limit, buffer));
      },
      kReadsTokens);
}

std::unique_ptr<Scorer> MakeCosineScorer(std::string name, size_t limit,
                                         const CosineLengthRange& range) {
  return MakePureScorer(
      std::move(name),
      [limit, range](const ScoreRequest& request) {
        const size_t tokens = request.rollout.tokens.size();
        return Verdict::Graded(
            CosineLengthValue(tokens, limit, request.right, range),
            (request.right ? "right, " : "wrong, ") + std::to_string(tokens) + " tokens");
      },
      kReadsTokens);
}

std::unique_ptr<Scorer> MakeRepetitionScorer(std::string name, size_t ngram) {
  return MakePureScorer(
      std::move(name),
      [ngram](const ScoreRequest& request) {
        return Verdict::Graded(RepeatedShare(request.rollout.tokens, ngram));
      },
      kReadsTokens);
}

std::unique_ptr<Scorer> MakeLanguageScorer(std::string name, Span span, std::string language) {
  return MakePureScorer(std::move(name), [span, language](const ScoreRequest& request) {
    const std::optional<std::string_view> text = ExtractSpan(request.completion, span);
    if (!text) return NoSpan(span);
    const std::optional<double> share = LanguageShare(*text, language);
    if (!share) {
      return Verdict::Failed(OutcomeReason::kUnparseable, "no word to judge in " + Quoted(*text));
    }
    return Verdict::Graded(*share);
  });
}

}  // namespace cohort
