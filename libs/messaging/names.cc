#include "libs/messaging/names.h"

#include <algorithm>
#include <string>

#include "libs/messaging/broker_client.h"
#include "libs/messaging/envelope.h"

namespace cohort {

Status CheckName(std::string_view name, std::string_view what) {
  if (name.empty()) return InvalidArgument(std::string(what) + " is empty");
  if (name.size() > kMaxNameBytes) {
    return InvalidArgument(std::string(what) + " is longer than " + std::to_string(kMaxNameBytes) +
                           " bytes");
  }
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f;
  });
  if (!printable) return InvalidArgument(std::string(what) + " has other than printable ASCII");
  return {};
}

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
