#include "reward_workers/pure_scorer.h"

#include <utility>

namespace cohort {
namespace {

class PureScorer : public Scorer {
 public:
  PureScorer(std::string name, Judge judge, ScorerWants wants)
      : name_(std::move(name)), judge_(std::move(judge)), wants_(wants) {}

  const std::string& name() const override { return name_; }
  ScorerWants Wants() const override { return wants_; }
  std::unique_ptr<PendingScore> Start(const ScoreRequest& request, VerdictCallback done) override {
    done(judge_(request));
    return nullptr;
  }

 private:
  std::string name_;
  Judge judge_;
  ScorerWants wants_;
};

}  // namespace

std::unique_ptr<Scorer> MakePureScorer(std::string name, Judge judge, ScorerWants wants) {
  return std::make_unique<PureScorer>(std::move(name), std::move(judge), wants);
}

Verdict NoSpan(Span span) {
  return Verdict::Failed(OutcomeReason::kUnparseable, span == Span::kAnswer
                                                          ? "there is no answer after </think>"
                                                          : "there is no reasoning");
}

}  // namespace cohort
