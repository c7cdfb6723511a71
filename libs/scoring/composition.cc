#include "libs/scoring/composition.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cohort {
namespace {

Status CheckRule(const ComponentRule& rule) {
  const std::string name = "scorer \"" + rule.name + "\"";
  if (rule.name.empty()) return InvalidArgument("a scorer has no name; give it one");
  if (!std::isfinite(rule.weight)) return InvalidArgument(name + ": weight is not a finite number");
  if (!std::isfinite(rule.minimum) || !std::isfinite(rule.maximum)) {
    return InvalidArgument(name + ": minimum and maximum must be finite numbers");
  }
  if (rule.minimum > rule.maximum) {
    return InvalidArgument(name + ": minimum is above maximum; exchange them");
  }
  return {};
}

std::optional<size_t> IndexOf(const std::vector<ComponentRule>& rules, const std::string& name) {
  const auto found = std::find_if(rules.begin(), rules.end(),
                                  [&](const ComponentRule& rule) { return rule.name == name; });
  if (found == rules.end()) return std::nullopt;
  return found - rules.begin();
}

// Each after those that are `before` it; shorter than that when some of them form a circle.
std::vector<size_t> TopologicalOrder(const std::vector<std::vector<size_t>>& before) {
  std::vector<size_t> order;
  std::vector<bool> placed(before.size(), false);
  for (bool progress = true; progress;) {
    progress = false;
    for (size_t i = 0; i < before.size(); ++i) {
      if (placed[i] || !std::all_of(before[i].begin(), before[i].end(),
                                    [&](size_t other) { return placed[other]; })) {
        continue;
      }
      placed[i] = progress = true;
      order.push_back(i);
    }
  }
  return order;
}

}  // namespace

Result<Composition> Composition::Create(std::vector<ComponentRule> rules) {
  if (rules.empty()) return InvalidArgument("no scorer is named; name at least one");
  Composition composition;
  composition.gates_.resize(rules.size());
  composition.right_by_.resize(rules.size());
  for (size_t i = 0; i < rules.size(); ++i) {
    COHORT_RETURN_IF_ERROR(CheckRule(rules[i]));
    if (IndexOf(rules, rules[i].name) != i) {
      return InvalidArgument("scorer \"" + rules[i].name + "\" is named twice; name it once");
    }
    for (const std::string& gate : rules[i].gates) {
      const std::optional<size_t> index = IndexOf(rules, gate);
      if (!index) {
        return InvalidArgument("scorer \"" + rules[i].name + "\" requires \"" + gate +
                               "\", which is not among the scorers beside it; add it");
      }
      composition.gates_[i].push_back(*index);
    }
    if (rules[i].right_by.empty()) continue;
    composition.right_by_[i] = IndexOf(rules, rules[i].right_by);
    if (!composition.right_by_[i]) {
      return InvalidArgument("scorer \"" + rules[i].name + "\" is right by \"" + rules[i].right_by +
                             "\", which is not among the scorers beside it; add it");
    }
  }
  std::vector<std::vector<size_t>> before = composition.gates_;
  for (size_t i = 0; i < rules.size(); ++i) {
    if (composition.right_by_[i]) before[i].push_back(*composition.right_by_[i]);
  }
  composition.order_ = TopologicalOrder(before);
  if (composition.order_.size() != rules.size()) {
    std::string circle;
    for (size_t i = 0; i < rules.size(); ++i) {
      if (std::find(composition.order_.begin(), composition.order_.end(), i) ==
          composition.order_.end()) {
        circle += (circle.empty() ? "\"" : ", \"") + rules[i].name + "\"";
      }
    }
    return InvalidArgument("scorers require each other in a circle (" + circle +
                           "); take one requires or right_by away");
  }
  if (std::none_of(rules.begin(), rules.end(), [](const auto& rule) { return rule.passes; })) {
    return InvalidArgument(
        "none of the scorers has passes = true, so that no sample could be correct; set it on the "
        "one that judges the answer");
  }
  composition.needed_.resize(rules.size());
  for (size_t i = 0; i < rules.size(); ++i) {
    composition.needed_[i] = rules[i].weight != 0 || rules[i].passes;
  }
  for (auto i = composition.order_.rbegin(); i != composition.order_.rend(); ++i) {
    for (const size_t other : before[*i]) {
      if (composition.needed_[*i]) composition.needed_[other] = true;
    }
  }
  composition.rules_ = std::move(rules);
  return composition;
}

Judgement::Judgement(std::shared_ptr<const Composition> composition)
    : composition_(std::move(composition)),
      seats_(composition_->rules_.size()),
      undecided_(seats_.size()) {
  Advance();
}

// Decides what needs no asking and opens what may be asked; what comes before is first in order.
void Judgement::Advance() {
  for (const size_t i : composition_->order_) {
    if (seats_[i].state != State::kWaiting) continue;
    bool open = true, closed = false, waiting = false;
    for (const size_t gate : composition_->gates_[i]) {
      const Seat& seat = seats_[gate];
      if (seat.state != State::kDecided) {
        waiting = true;
      } else if (!seat.value) {
        open = false;  // masked: nobody knows
      } else if (!IsOne(gate)) {
        closed = true;
      }
    }
    if (const std::optional<size_t> by = composition_->right_by_[i]) {
      waiting = waiting || seats_[*by].state != State::kDecided;
      open = open && seats_[*by].value;
    }
    if (closed) {
      Decide(i, 0.0);
    } else if (!waiting && !open) {
      Decide(i, std::nullopt);
    } else if (!waiting) {
      seats_[i].state = State::kReady;
    }
  }
}

void Judgement::Decide(size_t scorer, std::optional<double> value) {
  seats_[scorer].state = State::kDecided;
  seats_[scorer].value = value;
  --undecided_;
}

std::vector<size_t> Judgement::TakeReady() {
  std::vector<size_t> ready;
  for (size_t i = 0; i < seats_.size(); ++i) {
    if (seats_[i].state != State::kReady) continue;
    seats_[i].state = State::kAsked;
    ready.push_back(i);
  }
  return ready;
}

bool Judgement::Right(size_t scorer) const {
  const std::optional<size_t> by = composition_->right_by_[scorer];
  return by && IsOne(*by);
}

bool Judgement::IsOne(size_t scorer) const {
  const Seat& seat = seats_[scorer];
  return seat.value == 1.0 && (!seat.verdict || seat.verdict->reason() == OutcomeReason::kGraded);
}

bool Judgement::Set(size_t scorer, Verdict verdict) {
  if (scorer >= seats_.size() || seats_[scorer].state != State::kAsked) return false;
  const ComponentRule& rule = composition_->rules_[scorer];
  std::optional<double> value = verdict.value();
  if (value && verdict.reason() == OutcomeReason::kGraded) {
    value = std::clamp(*value, rule.minimum, rule.maximum);
  } else if (value) {
    // A failure is never worth more than the worst that the scorer may say.
    value = rule.weight >= 0 ? std::min(0.0, rule.minimum) : std::max(0.0, rule.maximum);
  }
  seats_[scorer].verdict = std::move(verdict);
  Decide(scorer, value);
  Advance();
  return true;
}

Outcome Judgement::Finish() const {
  if (!complete()) return Outcome::Masked(OutcomeReason::kGraderCrashed, "scorers are missing");
  for (size_t i = 0; i < seats_.size(); ++i) {
    const std::optional<Verdict>& verdict = seats_[i].verdict;
    if (!composition_->needed_[i] || !verdict || verdict->scored() || !verdict->applicable())
      continue;
    return Outcome::Masked(verdict->reason(),
                           composition_->rules_[i].name + ": " + verdict->detail())
        .With(Evidence());
  }
  return FinishScored();
}

Outcome Judgement::FinishScored() const {
  OutcomeReason reason = OutcomeReason::kGraded;
  std::vector<RewardComponent> components;
  std::string detail;
  bool correct = true;
  bool weighted = false;  // some weighted component has a value
  bool some_not_applicable = false;
  bool passed = false;  // some scorer that says whether it is correct has a value
  for (size_t i = 0; i < seats_.size(); ++i) {
    const ComponentRule& rule = composition_->rules_[i];
    const Seat& seat = seats_[i];
    if (seat.verdict && !seat.verdict->detail().empty()) {
      detail += (detail.empty() ? "" : "; ") + rule.name + ": " + seat.verdict->detail();
    }
    some_not_applicable = some_not_applicable || (seat.verdict && !seat.verdict->applicable());
    if (!seat.value) continue;  // masked, and nothing needs it; or not applicable
    components.push_back({rule.name, *seat.value, rule.weight});
    if (rule.passes && !IsOne(i)) correct = false;
    passed = passed || rule.passes;
    weighted = weighted || rule.weight != 0;
    if (seat.verdict && reason == OutcomeReason::kGraded) reason = seat.verdict->reason();
  }
  if ((!weighted || !passed) && some_not_applicable) {
    return Outcome::Masked(OutcomeReason::kTaskUnsupported,
                           passed ? "no scorer with a weight applies to it"
                                  : "no scorer that says whether it is correct applies to it");
  }
  Result<Outcome> outcome =
      Outcome::Scored(reason, std::move(components), correct, std::move(detail));
  if (outcome.ok()) return (*std::move(outcome)).With(Evidence());
  return Outcome::Masked(OutcomeReason::kGraderCrashed, outcome.status().message());
}

std::string Judgement::Evidence() const {
  std::string evidence;
  for (size_t i = 0; i < seats_.size(); ++i) {
    const std::optional<Verdict>& verdict = seats_[i].verdict;
    if (!verdict || verdict->evidence().empty()) continue;
    if (!evidence.empty()) evidence += '\n';
    evidence += composition_->rules_[i].name + ": " + verdict->evidence();
  }
  return evidence;
}

}  // namespace cohort
