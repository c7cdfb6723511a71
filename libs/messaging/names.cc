#include "libs/messaging/broker_client.h"

namespace cohort {

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kLearner:
      return "learner";
    case Role::kActor:
      return "actor";
    case Role::kRewardWorker:
      return "reward_worker";
    case Role::kOperator:
      return "operator";
  }
  return "unknown";
}

std::string_view EndReasonName(EndReason reason) {
  switch (reason) {
    case EndReason::kDead:
      return "dead";
    case EndReason::kExpired:
      return "expired";
    case EndReason::kCancelled:
      return "cancelled";
    case EndReason::kPurged:
      return "purged";
  }
  return "unknown";
}

}  // namespace cohort
