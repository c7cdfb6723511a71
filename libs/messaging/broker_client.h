// A process's link to the broker: puts tasks, takes deliveries, answers for them.
//
// One thread of its own owns the socket; every method may be called from any thread and returns at
// once. What was asked is resent over reconnects and broker restarts until the broker answers;
// answers come back as events with the caller's tag. Leases of tasks that were taken are renewed by
// this thread until they are answered for (settle, release, fail) or their limit passes. Credit:
// the broker sends no more than what Grant asked for, so a process that takes nothing is sent
// nothing. Events must be taken with Next, which never blocks longer than its timeout.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/messaging/key_pair.h"

namespace cohort {

// Numbers are part of the protocol; zero is never valid.
enum class Role : uint8_t { kLearner = 1, kActor = 2, kRewardWorker = 3, kOperator = 4 };
std::string_view RoleName(Role role);

// Names one lease: late answers from an earlier attempt or a lost broker are refused by it.
struct LeaseToken {
  uint64_t epoch = 0;    // the broker's, at issue
  uint64_t lease = 0;    // unique within the epoch
  uint32_t attempt = 0;  // from 1
  auto operator<=>(const LeaseToken&) const = default;
};

// A task that a producer puts, or a child that emit and settle put.
struct NewTask {
  std::string queue;
  TaskId id;
  std::string body;
  uint8_t priority = 0;         // higher first
  std::string results;          // queue of its children; empty: it has none
  std::string obituaries;       // queue that is told of its end without result; empty: nobody
  uint32_t children = 0;        // how many children it will have in all (group size); 0: unknown
  double deadline_seconds = 0;  // hard limit from the put; 0: none
  uint32_t max_attempts = 0;    // 0: the broker's default
};

// Why a task ended without a result. Numbers are part of the protocol.
enum class EndReason : uint8_t { kDead = 1, kExpired = 2, kCancelled = 3, kPurged = 4 };
std::string_view EndReasonName(EndReason reason);

struct Obituary {
  EndReason reason = EndReason::kDead;
  std::string detail;           // one line: the reasons of its attempts
  std::vector<TaskId> emitted;  // a prompt's children that exist nevertheless
};

struct Delivery {
  std::string queue;
  TaskId id;
  LeaseToken token;
  bool redelivered = false;
  std::vector<TaskId> emitted;       // children that an earlier attempt put already
  std::optional<Obituary> obituary;  // then body is empty
  std::string body;
};

// The answer to a command that carried a tag. Commands with tag 0 get no such event.
struct Answer {
  uint64_t tag = 0;
  // ok; not found = the task or its lease is unknown to the broker (a restart lost it, or it is
  // settled already); failed precondition = the lease is no longer ours; resource exhausted = a
  // bound refused it for good (larger than its queue).
  Status status;
  bool known_before = false;  // a put of a task that the broker knew already
};

// The lease ended without our doing (deadline, cancel, expiry): stop working on it.
struct LeaseLost {
  TaskId id;
  std::string queue;
  LeaseToken token;
  std::string reason;
};

// (Re)connected. `fresh` means that the broker may not hold what we put before (the first
// connection of this client, or a broker that was restarted without its tasks): producers put again
// what matters to them, which is harmless where it is known.
struct SessionStarted {
  uint64_t broker_epoch = 0;
  bool fresh = false;
  std::string weights_endpoint;  // where actors fetch weights
};

// The broker refuses us for good (other protocol version, role not allowed): the process should end
// with this message.
struct SessionRefused {
  Status status;
};

using BrokerEvent = std::variant<Delivery, Answer, LeaseLost, SessionStarted, SessionRefused>;

struct QueueStats {
  std::string name;
  uint64_t ready = 0, leased = 0, accepted = 0, delayed = 0, dead = 0;  // tasks
  uint64_t bytes = 0;
  double oldest_age_seconds = 0;  // of a ready task
  uint64_t puts = 0, deliveries = 0, settles = 0, redeliveries = 0, stale_answers = 0, refused = 0;
  uint64_t subscribers = 0;
  std::string waits_for;  // "a consumer with credit", "" when it waits for nothing
  double waits_since_seconds = 0;
  bool paused = false;  // by an operator
  // Of the leased tasks whose holders tell what they do, the one that was put first.
  std::string phase;  // "testing"; "" when no holder tells
  double phase_since_seconds = 0;
  TaskId phase_of;
};

// --- what operators ask. Numbers are part of the protocol.

enum class TaskState : uint8_t { kReady = 1, kLeased = 2, kAccepted = 3, kDelayed = 4, kDead = 5 };
std::string_view TaskStateName(TaskState state);

// What a purge ends: dead letters; tasks that nobody has begun (ready and delayed); both and those
// that are leased. Accepted tasks and obituaries stay: a learner holds the former for its
// checkpoint, and somebody waits for the latter.
enum class PurgeScope : uint8_t { kDead = 1, kReady = 2, kAll = 3 };

// A task in a queue, without its body.
struct TaskSummary {
  TaskId id;
  TaskState state = TaskState::kReady;
  uint8_t priority = 0;
  uint32_t attempts = 0;  // that counted as failures
  uint64_t bytes = 0;
  double age_seconds = 0;             // since its put
  std::string holder;                 // instance; empty: nobody
  std::vector<std::string> reasons;   // of its attempts, oldest first
  std::optional<EndReason> obituary;  // it tells of another task's end
};

// What an operator's verb has done.
struct OperatorReport {
  uint64_t done = 0;               // tasks that it revived or ended
  uint64_t refused = 0;            // tasks that it left as they were
  std::string reason;              // why, of the first of those
  std::vector<TaskSummary> tasks;  // of Peek
};

class BrokerClient {
 public:
  struct Options {
    std::string endpoint;  // "ipc:///…" or "tcp://host:port"
    Role role = Role::kOperator;
    std::string instance;  // "actor-1"
    const Clock* clock = nullptr;
    std::optional<CurveClient> keys = {};  // needed where the endpoint is neither loopback nor ipc
  };

  // Returns before the connection stands; SessionStarted tells.
  static Result<std::unique_ptr<BrokerClient>> Connect(const Options& options);
  virtual ~BrokerClient() = default;

  // The next event, or nothing when the time is up. Zero polls.
  virtual std::optional<BrokerEvent> Next(Duration timeout) = 0;
  // From any thread: the call of Next that waits, or else the next one, returns at once.
  virtual void Wake() {}

  // --- producers
  // -----------------------------------------------------------------------------------------------------
  virtual void Put(NewTask task, uint64_t tag) = 0;
  // Ids of this run and space with a smaller cursor will never be put into the queue again: the
  // broker may forget them.
  virtual void Floor(const std::string& queue, uint64_t run, uint64_t space, uint64_t cursor) = 0;
  // Ends every unfinished task of this run and space, in all queues, whose cursor lies in [first,
  // last].
  virtual void Cancel(uint64_t run, uint64_t space, uint64_t first, uint64_t last,
                      uint64_t tag) = 0;

  // --- consumers
  // -----------------------------------------------------------------------------------------------------
  virtual void Subscribe(const std::string& queue) = 0;
  // The broker may have `tasks` deliveries (and `bytes` of bodies) under way to us that Next has
  // not returned yet. Stays in force: taking a delivery makes room for the next. Zero pauses.
  virtual void Grant(const std::string& queue, uint32_t tasks, uint64_t bytes) = 0;

  // --- holders of a lease
  // --------------------------------------------------------------------------------------------
  // First progress: an attempt begins.
  virtual void Begin(const LeaseToken& token) = 0;
  // Renew no longer than this from now (default: without limit).
  virtual void SetLimit(const LeaseToken& token, Duration limit) = 0;
  // What is being done for it, for people: a few words, of which 80 bytes count. The next renewals
  // tell the broker. Worth a call when it changes; "" takes it back.
  virtual void SetPhase(const LeaseToken& token, std::string phase) = 0;
  // Puts children early, under the lease.
  virtual void Emit(const LeaseToken& token, std::vector<NewTask> children, uint64_t tag) = 0;
  // Acknowledges the task and puts its (remaining) children in one step.
  virtual void Settle(const LeaseToken& token, std::vector<NewTask> children, uint64_t tag) = 0;
  // Holds the task across checkpoints: no deadline, no attempts burnt.
  virtual void Accept(const LeaseToken& token) = 0;
  // Hands it back untouched.
  virtual void Release(const LeaseToken& token) = 0;
  virtual void Fail(const LeaseToken& token, std::string reason) = 0;

  // --- everybody
  // -----------------------------------------------------------------------------------------------------
  // Blocks for at most `timeout`.
  virtual Result<std::vector<QueueStats>> Stats(Duration timeout) = 0;

  // --- operators (others are refused: permission denied); each blocks for at most `timeout`
  // -----------------------------------------------------------------------------------------------------
  // Up to `limit` tasks of one state, those that are due first come first.
  virtual Result<OperatorReport> Peek(const std::string& queue, TaskState state, uint32_t limit,
                                      Duration timeout);
  // A dead letter, or all of them, becomes ready again with fresh attempts. Refused where its end
  // was told already: whoever waited for it does so no longer.
  virtual Result<OperatorReport> Revive(const std::string& queue, std::optional<TaskId> id,
                                        Duration timeout);
  virtual Result<OperatorReport> Purge(const std::string& queue, PurgeScope which,
                                       Duration timeout);
  // No deliveries until Resume. Puts and answers go on.
  virtual Result<OperatorReport> Pause(const std::string& queue, Duration timeout);
  virtual Result<OperatorReport> Resume(const std::string& queue, Duration timeout);

  // Who waits: "connected", "put held back by queue … (full) since …", or "waiting for the broker
  // at … since …".
  virtual std::string State() const = 0;
  virtual bool Connected() const { return true; }
  // Sends what is pending, says goodbye (which frees the leases that remain at once) and closes.
  // Called by the destructor with a short timeout too.
  virtual void Close(Duration timeout) = 0;
};

}  // namespace cohort
