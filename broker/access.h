// What the role of a process allows it to ask of a queue. Pure.
//
//   queue       | puts          | takes and answers for
//   prompts.*   | learner       | actor
//   rollouts.*  | actor, as children of prompts     | reward_worker
//   scored.*    | reward_worker, as children of rollouts | learner
//
// Floors and cancels are the learner's, statistics everybody's, all other verbs the operator's.
// Queues whose names have none of these beginnings belong to everybody where no keys are in use,
// and to nobody where they are.
#pragma once

#include <string_view>

#include "libs/base/status.h"
#include "libs/messaging/commands.h"

namespace cohort {

enum class QueueKind { kPrompts, kRollouts, kScored, kOther };
QueueKind KindOfQueue(std::string_view name);

// May a process of this role hold a lease of the queue? Also asked about leases that a hello lists.
bool MayTake(Role role, std::string_view queue, bool keys_in_use);

// kPermissionDenied names role, verb and queue. Verbs that name a lease alone are allowed here: the
// lease is its session's own, and that was taken from a queue that the role may take from.
Status CheckAccess(Role role, const Verb& verb, bool keys_in_use);

}  // namespace cohort
