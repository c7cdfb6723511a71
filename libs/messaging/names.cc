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

std::string_view TaskStateName(TaskState state) {
  switch (state) {
    case TaskState::kReady:
      return "ready";
    case TaskState::kLeased:
      return "leased";
    case TaskState::kAccepted:
      return "accepted";
    case TaskState::kDelayed:
      return "delayed";
    case TaskState::kDead:
      return "dead";
  }
  return "unknown";
}

}  // namespace cohort
