#include "reward_workers/tool/row_judge.h"

#include <utility>

#include "reward_workers/score_plans.h"

namespace cohort {

class RowJudge::RowTask : public Task {
 public:
  RowTask(const RowJudge& judge, const ScorerRow& row)
      : judge_(judge),
        row_(row),
        begin_(judge.bench_->Now()),
        judgement_(judge.composition_),
        verdicts_(judge.scorers_.size()) {
    Ask();
  }

  const std::optional<RowVerdict>& verdict() const override { return verdict_; }

 private:
  void Ask() {
    for (const size_t scorer : judgement_.TakeReady()) {
      pending_.push_back(judge_.bench_->Start(
          *judge_.scorers_[scorer], row_,
          [this, scorer](Verdict verdict) { Take(scorer, std::move(verdict)); },
          judgement_.Right(scorer)));
    }
  }

  void Take(size_t scorer, Verdict verdict) {
    verdicts_[scorer] = verdict;
    if (!judgement_.Set(scorer, std::move(verdict))) return;
    if (!judgement_.complete()) return Ask();
    if (!verdict_) verdict_ = Finish();
  }

  RowVerdict Finish() const {
    const Outcome outcome = judgement_.Finish();
    const std::optional<Verdict>& own = verdicts_.front();
    RowVerdict said;
    said.milliseconds = 1e3 * ToSeconds(judge_.bench_->Now() - begin_);
    said.outcome = OutcomeReasonName(outcome.reason());
    const bool alone = verdicts_.size() == 1 && own;
    said.reason = alone ? own->detail() : outcome.detail();
    said.evidence = alone ? own->evidence() : outcome.evidence();
    if (own && !own->applicable()) {
      said.outcome = "not_applicable";
      said.reason = own->detail();
      return said;
    }
    said.components = outcome.components();
    said.reward = outcome.reward();
    const ComponentRule& rule = judge_.composition_->rules().front();
    const std::optional<double> value = own ? own->value() : std::nullopt;
    said.cut = value && (*value < rule.minimum || *value > rule.maximum);
    return said;
  }

  const RowJudge& judge_;
  const ScorerRow& row_;
  const Time begin_;
  Judgement judgement_;
  std::vector<std::optional<Verdict>> verdicts_;
  std::optional<RowVerdict> verdict_;
  std::vector<std::unique_ptr<PendingScore>> pending_;  // first to go
};

Result<RowJudge> RowJudge::Create(Workbench* bench, const std::vector<ScorerConfig>& scorers) {
  RowJudge judge;
  judge.bench_ = bench;
  std::vector<ComponentRule> rules;
  for (const ScorerConfig& config : scorers) {
    const bool asked_for = rules.empty();
    ComponentRule rule = RuleOf(config);
    if (!asked_for) rule.weight = 0;
    rule.passes = asked_for;
    rules.push_back(std::move(rule));
    COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Scorer> scorer, bench->Make(config));
    judge.scorers_.push_back(std::move(scorer));
  }
  COHORT_ASSIGN_OR_RETURN(Composition composition, Composition::Create(std::move(rules)));
  judge.composition_ = std::make_shared<const Composition>(std::move(composition));
  return judge;
}

std::unique_ptr<RowJudge::Task> RowJudge::Start(const ScorerRow& row) {
  return std::make_unique<RowTask>(*this, row);
}

Status RowJudge::CheckRow(const ScorerRow& row) const {
  for (const auto& scorer : scorers_) COHORT_RETURN_IF_ERROR(CheckTokens(row, *scorer));
  return {};
}

}  // namespace cohort
