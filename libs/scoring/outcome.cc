#include "libs/scoring/outcome.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cohort {

bool IsScored(OutcomeReason reason) { return static_cast<uint16_t>(reason) <= 100; }

std::string_view OutcomeReasonName(OutcomeReason reason) {
  switch (reason) {
    case OutcomeReason::kGraded:
      return "graded";
    case OutcomeReason::kUnparseable:
      return "unparseable";
    case OutcomeReason::kOutsideBudget:
      return "outside_budget";
    case OutcomeReason::kProgramTimeout:
      return "program_timeout";
    case OutcomeReason::kProgramMemory:
      return "program_memory";
    case OutcomeReason::kProgramCrash:
      return "program_crash";
    case OutcomeReason::kProgramOutput:
      return "program_output";
    case OutcomeReason::kGraderKilled:
      return "grader_killed";
    case OutcomeReason::kPatchRejected:
      return "patch_rejected";
    case OutcomeReason::kTampered:
      return "tampered";
    case OutcomeReason::kGoldInvalid:
      return "gold_invalid";
    case OutcomeReason::kTaskUnsupported:
      return "task_unsupported";
    case OutcomeReason::kSandboxLost:
      return "sandbox_lost";
    case OutcomeReason::kGraderCrashed:
      return "grader_crashed";
    case OutcomeReason::kExpired:
      return "expired";
    case OutcomeReason::kCancelled:
      return "cancelled";
    case OutcomeReason::kSaturated:
      return "saturated";
  }
  return "unknown";
}

Result<OutcomeReason> OutcomeReasonFromNumber(uint16_t number) {
  const auto reason = static_cast<OutcomeReason>(number);
  if (OutcomeReasonName(reason) == "unknown") {
    return InvalidArgument("unknown outcome reason " + std::to_string(number));
  }
  return reason;
}

Result<Outcome> Outcome::Scored(OutcomeReason reason, std::vector<RewardComponent> components,
                                bool correct, std::string detail) {
  if (!IsScored(reason)) {
    return InvalidArgument(std::string(OutcomeReasonName(reason)) + " is not scored but masked");
  }
  COHORT_ASSIGN_OR_RETURN(reason, OutcomeReasonFromNumber(static_cast<uint16_t>(reason)));
  double reward = 0;
  for (const RewardComponent& component : components) {
    reward += component.weight * component.value;
    if (!std::isfinite(component.value) || !std::isfinite(component.weight)) {
      return InvalidArgument("component " + component.name + " is not a finite number");
    }
  }
  if (!std::isfinite(reward)) return InvalidArgument("the reward is not a finite number");
  Outcome outcome;
  outcome.reason_ = reason;
  outcome.components_ = std::move(components);
  outcome.correct_ = correct;
  outcome.detail_ = std::move(detail);
  return outcome;
}

Outcome Outcome::Masked(OutcomeReason reason, std::string detail) {
  Outcome outcome;
  // A scored reason without a score is a grader's fault, so it is masked as one.
  outcome.reason_ = IsScored(reason) ? OutcomeReason::kGraderCrashed : reason;
  outcome.detail_ = std::move(detail);
  return outcome;
}

Outcome Outcome::With(std::string evidence) && {
  evidence.resize(std::min(evidence.size(), kMostEvidence));
  evidence_ = std::move(evidence);
  return std::move(*this);
}

std::optional<double> Outcome::reward() const {
  if (!scored()) return std::nullopt;
  double reward = 0;
  for (const RewardComponent& component : components_) reward += component.weight * component.value;
  return reward;
}

}  // namespace cohort
