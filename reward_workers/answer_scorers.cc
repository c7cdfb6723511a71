#include "reward_workers/answer_scorers.h"

#include <optional>
#include <utility>

#include "libs/scoring/answers.h"
#include "libs/scoring/language.h"
#include "libs/scoring/shape.h"

namespace cohort {
namespace {

using Judge = std::function<Verdict(const ScoreRequest&)>;

class PureScorer : public Scorer {
 public:
  PureScorer(std::string name, ScorerWants wants, Judge judge)
      : name_(std::move(name)), wants_(wants), judge_(std::move(judge)) {}

  const std::string& name() const override { return name_; }
  ScorerWants Wants() const override { return wants_; }
  std::unique_ptr<PendingScore> Start(const ScoreRequest& request, VerdictCallback done) override {
    done(judge_(request));
    return nullptr;
  }

 private:
  std::string name_;
  ScorerWants wants_;
  Judge judge_;
};

std::unique_ptr<Scorer> MakePure(std::string name, Judge judge) {
  return std::make_unique<PureScorer>(std::move(name), ScorerWants{}, std::move(judge));
}

std::unique_ptr<Scorer> MakeOfTokens(std::string name, Judge judge) {
  return std::make_unique<PureScorer>(std::move(name), ScorerWants{.completion_ids = true},
                                      std::move(judge));
}

Verdict NoSpan(Span span) {
  return Verdict::Failed(OutcomeReason::kUnparseable, span == Span::kAnswer
                                                          ? "there is no answer after </think>"
                                                          : "there is no reasoning");
}

std::string Comparison(std::string_view answer, std::string_view gold) {
  return "answer " + Quoted(answer) + ", gold " + Quoted(gold);
}

}  // namespace

std::unique_ptr<Scorer> MakeExactScorer(std::string name, Span span) {
  return MakePure(std::move(name), [span](const ScoreRequest& request) {
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
  return MakePure(std::move(name), [span](const ScoreRequest& request) {
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
  return MakePure(std::move(name), [empty_thought](const ScoreRequest& request) {
    const std::string_view problem = ThinkingFormatProblem(request.completion, empty_thought);
    return Verdict::Graded(problem.empty() ? 1 : 0, std::string(problem));
  });
}

std::unique_ptr<Scorer> MakeLenientFormatScorer(std::string name) {
  return MakePure(std::move(name), [](const ScoreRequest& request) {
    const std::string_view problem = LenientFormatProblem(request.completion);
    return Verdict::Graded(problem.empty() ? 1 : 0, std::string(problem));
  });
}

std::unique_ptr<Scorer> MakeTagScorer(std::string name) {
  return MakePure(std::move(name), [](const ScoreRequest& request) {
    return Verdict::Graded(TagShare(request.completion));
  });
}

std::unique_ptr<Scorer> MakeCleanStopScorer(std::string name) {
  return MakePure(std::move(name), [](const ScoreRequest& request) {
    const bool stopped = request.rollout.finish == FinishReason::kStop;
    return Verdict::Graded(CleanStopValue(stopped), stopped ? "" : "cut off at the limit");
  });
}

std::unique_ptr<Scorer> MakeLengthScorer(std::string name, size_t limit) {
  return MakeOfTokens(std::move(name), [limit](const ScoreRequest& request) {
    return Verdict::Graded(LengthValue(request.rollout.tokens.size(), limit));
  });
}

std::unique_ptr<Scorer> MakeSoftOverlongScorer(std::string name, size_t limit, size_t buffer) {
  return MakeOfTokens(std::move(name), [limit, buffer](const ScoreRequest& request) {
    return Verdict::Graded(SoftOverlongValue(request.rollout.tokens.size(), limit, buffer));
  });
}

std::unique_ptr<Scorer> MakeRepetitionScorer(std::string name, size_t ngram) {
  return MakeOfTokens(std::move(name), [ngram](const ScoreRequest& request) {
    return Verdict::Graded(RepeatedShare(request.rollout.tokens, ngram));
  });
}

std::unique_ptr<Scorer> MakeLanguageScorer(std::string name, Span span, std::string language) {
  return MakePure(std::move(name), [span, language](const ScoreRequest& request) {
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
