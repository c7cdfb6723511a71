// What must survive the broker's death, as the queue machine tells it: a Change for each step that
// a restart may not forget.
//
// Changes are numbered by the machine, ascending without gaps. Given back in that order
// (QueueMachine::Restore) they make a machine that knows the same tasks. An *image* is the whole
// state of a task; it stands in the change that brings the task into being, and again whenever the
// task is written anew so that old segments of the journal can go. Queues that live in memory make
// no changes. Values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "libs/base/clock.h"
#include "libs/messaging/commands.h"

namespace cohort {

using SessionId = uint64_t;

// Names a lease over all epochs of a broker.
struct LeaseKey {
  uint64_t epoch = 0;
  uint64_t lease = 0;
  auto operator<=>(const LeaseKey&) const = default;
  bool IsZero() const { return lease == 0; }
};

struct LeaseImage {
  SessionId session = 0;
  LeaseKey key;
  bool accepted = false;
};

struct TaskImage {
  TaskSpec spec;  // deadline_seconds is not used: `deadline` is the moment itself
  Time put_at;
  Time deadline = Time::max();
  uint64_t order = 0;
  bool dead = false;
  bool delivered = false;
  uint32_t failures = 0;
  std::vector<std::string> reasons;
  std::vector<TaskId> emitted;
  std::optional<Obituary> obituary;
  std::optional<LeaseImage> lease;
};

// The broker started under this epoch. What was put since `remembered_since` is still known.
struct StartChange {
  uint64_t epoch = 0;
  uint64_t remembered_since = 0;
};
// All that a queue knows beside its tasks.
struct QueueChange {
  std::string queue;
  bool paused = false;
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> floors;  // (run, space) → cursor
};
// A task that is new or written anew.
struct TaskChange {
  TaskImage task;
};
// Tasks that are over and whose ids are remembered, written anew.
struct RememberedChange {
  struct Over {
    TaskId id;
    LeaseKey settled_by;  // zero: it was not settled
  };
  std::string queue;
  std::vector<Over> over;
};
// Leases of one queue's tasks, in the order in which they were given.
struct LeaseChange {
  struct Given {
    TaskId id;
    LeaseImage lease;
  };
  std::string queue;
  std::vector<Given> given;
};
struct FailureChange {
  std::string queue;
  TaskId id;
  std::string reason;  // as among the task's reasons
};
// Children that were put early; those that existed already have no image.
struct EmitChange {
  std::string queue;
  TaskId id;
  std::vector<TaskId> emitted;
  std::vector<TaskImage> children;
};
// The task is done and its children are there, in one step.
struct SettleChange {
  std::string queue;
  TaskId id;
  LeaseKey by;
  std::vector<TaskImage> children;
};
// The task ended without a result, and its obituary was written, in one step.
struct EndChange {
  std::string queue;
  TaskId id;
  bool dead_letter = false;         // it stays as one
  std::vector<TaskImage> children;  // the obituary, if one was written
};

// A dead letter lives again, written anew, and its obituary is as if it had never been, in one
// step.
struct ReviveChange {
  std::string queue;
  TaskId id;
  std::string obituaries;         // its queue; empty: there was none, or none that is durable
  std::optional<TaskImage> task;  // none when its queue is not durable
};

using ChangeOf = std::variant<StartChange, QueueChange, TaskChange, RememberedChange, LeaseChange,
                              FailureChange, EmitChange, SettleChange, EndChange, ReviveChange>;

struct Change {
  uint64_t sequence = 0;
  Time at;  // the machine's time, which goes on in the next life
  ChangeOf what;
};

// What must be durable before anybody may rely on it. The others may be lost with the power:
// leases are given out again, failures are not counted.
inline bool MustBeSynced(const ChangeOf& what) {
  return !std::holds_alternative<LeaseChange>(what) && !std::holds_alternative<FailureChange>(what);
}

// About what an image takes in the journal, in bytes.
size_t ApproximateBytes(const TaskImage& task);
inline constexpr size_t kRememberedBytes = 56;

}  // namespace cohort
