// The verbs of the broker as types of our own: what a process asks, what the broker tells.
//
// schemas/envelope.capnp has the words for each field; libs/messaging/envelope.h turns one into the
// other and validates, so whoever holds one of these may trust its shape (ids and queue names are
// valid, leases are not zero). Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/messaging/body.h"
#include "libs/messaging/broker_client.h"

namespace cohort {

// NewTask with a body that can be shared.
struct TaskSpec {
  std::string queue;
  TaskId id;
  Body body;
  uint8_t priority = 0;
  std::string results;
  std::string obituaries;
  uint32_t children = 0;
  double deadline_seconds = 0;
  uint32_t max_attempts = 0;
};

// --- from a process
struct PutCommand {
  TaskSpec task;
};
struct FloorCommand {
  std::string queue;
  uint64_t run = 0, space = 0, cursor = 0;
};
struct CancelCommand {
  uint64_t run = 0, space = 0, first = 0, last = 0;
};
struct SubscribeCommand {
  std::string queue;
};
struct CreditCommand {
  std::string queue;
  uint64_t tasks = 0, bytes = 0;  // cumulative since hello
};
struct BeginCommand {
  LeaseToken token;
};
struct EmitCommand {
  LeaseToken token;
  std::vector<TaskSpec> children;
};
struct SettleCommand {
  LeaseToken token;
  std::string queue;
  TaskId id;
  std::vector<TaskSpec> children;
};
struct RenewCommand {
  std::vector<LeaseToken> tokens;
  std::vector<std::string> phases = {};  // one for each token, or none at all
};
struct AcceptCommand {
  LeaseToken token;
};
struct ReleaseCommand {
  LeaseToken token;
};
struct FailCommand {
  LeaseToken token;
  std::string reason;
};
struct StatsCommand {};
// Of operators.
struct PeekCommand {
  std::string queue;
  TaskState state = TaskState::kReady;
  uint32_t limit = 0;  // from 1
};
struct ReviveCommand {
  std::string queue;
  std::optional<TaskId> id;  // nothing: all
};
struct PurgeCommand {
  std::string queue;
  PurgeScope which = PurgeScope::kDead;
};
struct PauseCommand {
  std::string queue;
};
struct ResumeCommand {
  std::string queue;
};

using Verb = std::variant<PutCommand, FloorCommand, CancelCommand, SubscribeCommand, CreditCommand,
                          BeginCommand, EmitCommand, SettleCommand, RenewCommand, AcceptCommand,
                          ReleaseCommand, FailCommand, StatsCommand, PeekCommand, ReviveCommand,
                          PurgeCommand, PauseCommand, ResumeCommand>;

// Subscriptions, credit and renewals are said anew after each hello: nobody keeps them, and they
// have no number.
inline bool IsSaidAnew(const Verb& verb) {
  return std::holds_alternative<SubscribeCommand>(verb) ||
         std::holds_alternative<CreditCommand>(verb) || std::holds_alternative<RenewCommand>(verb);
}

struct Command {
  uint64_t number = 0;  // of the session, from 1, ascending
  Verb verb;
};

// True for the verbs that operators alone may ask for.
inline bool IsOperators(const Verb& verb) {
  return std::holds_alternative<PeekCommand>(verb) || std::holds_alternative<ReviveCommand>(verb) ||
         std::holds_alternative<PurgeCommand>(verb) || std::holds_alternative<PauseCommand>(verb) ||
         std::holds_alternative<ResumeCommand>(verb);
}

// True for the verbs that have an answer of their own; the others are done once processed.
inline bool IsAnswered(const Verb& verb) {
  return std::holds_alternative<PutCommand>(verb) || std::holds_alternative<EmitCommand>(verb) ||
         std::holds_alternative<SettleCommand>(verb) ||
         std::holds_alternative<CancelCommand>(verb) ||
         std::holds_alternative<StatsCommand>(verb) || IsOperators(verb);
}

struct HelloMessage {
  Role role = Role::kOperator;
  std::string instance;
  std::vector<LeaseToken> held;
  uint64_t known_epoch = 0;
};

// --- from the broker
struct WelcomeMessage {
  uint64_t epoch = 0;
  uint64_t remembered_since = 0;
  std::vector<LeaseToken> lost;
  double lease_seconds = 0;
  double ping_seconds = 0;
  double silence_seconds = 0;
  uint32_t window_tasks = 0;
  uint64_t window_bytes = 0;
  std::string weights_endpoint;
};
struct AnswerEvent {
  uint64_t number = 0;
  Status status;
  bool known_before = false;
};
struct DeliverEvent {
  std::string queue;
  TaskId id;
  LeaseToken token;
  bool redelivered = false;
  std::vector<TaskId> emitted;
  std::optional<Obituary> obituary;
  Body body;
};
struct LeaseLostEvent {
  std::string queue;
  TaskId id;
  LeaseToken token;
  std::string reason;
};
struct StatsEvent {
  uint64_t number = 0;
  std::vector<QueueStats> queues;
};
struct OperatedEvent {
  uint64_t number = 0;
  OperatorReport report;
};
// A put has waited for room for a while.
struct HeldBackEvent {
  uint64_t number = 0;
  std::string queue;
  std::string why;
  double since_seconds = 0;
};
using Event = std::variant<AnswerEvent, DeliverEvent, LeaseLostEvent, StatsEvent, OperatedEvent,
                           HeldBackEvent>;

}  // namespace cohort
