#include "broker/access.h"

#include <string>
#include <type_traits>

namespace cohort {
namespace {

Status Denied(Role role, std::string_view what, std::string_view queue = "") {
  std::string message = "a process with the role " + std::string(RoleName(role)) + " may not ";
  message += what;
  if (!queue.empty()) message += " " + std::string(queue);
  return PermissionDenied(std::move(message));
}

// What a holder of the role's leases turns them into.
QueueKind ChildrenOf(Role role) {
  switch (role) {
    case Role::kActor:
      return QueueKind::kRollouts;
    case Role::kRewardWorker:
      return QueueKind::kScored;
    default:
      return QueueKind::kOther;
  }
}

class Check {
 public:
  Check(Role role, bool keys_in_use) : role_(role), keys_in_use_(keys_in_use) {}

  Status operator()(const PutCommand& put) const {
    const TaskSpec& task = put.task;
    const bool own = role_ == Role::kLearner && KindOfQueue(task.queue) == QueueKind::kPrompts;
    if (!own && !Free(task.queue)) return Denied(role_, "put tasks into", task.queue);
    COHORT_RETURN_IF_ERROR(CheckNamed(task.results, QueueKind::kRollouts));
    return CheckNamed(task.obituaries, QueueKind::kScored);
  }
  Status operator()(const FloorCommand& floor) const {
    if (role_ == Role::kLearner || Free(floor.queue)) return {};
    return Denied(role_, "forget tasks of", floor.queue);
  }
  Status operator()(const CancelCommand&) const {
    // Without keys a test may cancel what it put, whoever it says it is.
    return role_ == Role::kLearner || !keys_in_use_ ? Status() : Denied(role_, "cancel tasks");
  }
  Status operator()(const SubscribeCommand& subscribe) const { return CheckTake(subscribe.queue); }
  Status operator()(const CreditCommand& credit) const { return CheckTake(credit.queue); }
  Status operator()(const EmitCommand& emit) const { return CheckChildren(emit.children); }
  Status operator()(const SettleCommand& settle) const {
    if (!settle.queue.empty()) COHORT_RETURN_IF_ERROR(CheckTake(settle.queue));
    return CheckChildren(settle.children);
  }
  Status operator()(const StatsCommand&) const { return {}; }

  template <typename Other>
  Status operator()(const Other&) const {
    constexpr bool kOfALease =
        std::is_same_v<Other, BeginCommand> || std::is_same_v<Other, RenewCommand> ||
        std::is_same_v<Other, AcceptCommand> || std::is_same_v<Other, ReleaseCommand> ||
        std::is_same_v<Other, FailCommand>;
    if (kOfALease || role_ == Role::kOperator) return {};
    return Denied(role_, "do what operators do");
  }

 private:
  bool Free(std::string_view queue) const {
    return !keys_in_use_ && KindOfQueue(queue) == QueueKind::kOther;
  }
  Status CheckTake(std::string_view queue) const {
    return MayTake(role_, queue, keys_in_use_) ? Status() : Denied(role_, "take tasks of", queue);
  }
  Status CheckNamed(std::string_view queue, QueueKind kind) const {
    if (queue.empty() || Free(queue) || KindOfQueue(queue) == kind) return {};
    return Denied(role_, "have results or obituaries put into", queue);
  }
  Status CheckChildren(const std::vector<TaskSpec>& children) const {
    const QueueKind own = ChildrenOf(role_);
    for (const TaskSpec& child : children) {
      const bool allowed = own != QueueKind::kOther && KindOfQueue(child.queue) == own;
      if (!allowed && !Free(child.queue)) return Denied(role_, "put children into", child.queue);
      COHORT_RETURN_IF_ERROR(CheckNamed(child.results, QueueKind::kScored));
      COHORT_RETURN_IF_ERROR(CheckNamed(child.obituaries, QueueKind::kScored));
    }
    return {};
  }

  const Role role_;
  const bool keys_in_use_;
};

}  // namespace

QueueKind KindOfQueue(std::string_view name) {
  if (name.starts_with("prompts.")) return QueueKind::kPrompts;
  if (name.starts_with("rollouts.")) return QueueKind::kRollouts;
  if (name.starts_with("scored.")) return QueueKind::kScored;
  return QueueKind::kOther;
}

bool MayTake(Role role, std::string_view queue, bool keys_in_use) {
  switch (KindOfQueue(queue)) {
    case QueueKind::kPrompts:
      return role == Role::kActor;
    case QueueKind::kRollouts:
      return role == Role::kRewardWorker;
    case QueueKind::kScored:
      return role == Role::kLearner;
    case QueueKind::kOther:
      return !keys_in_use;
  }
  return false;
}

Status CheckAccess(Role role, const Verb& verb, bool keys_in_use) {
  return std::visit(Check(role, keys_in_use), verb);
}

}  // namespace cohort
