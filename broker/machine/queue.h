// One queue's tasks, in the order in which they are due, and who is to get them.
//
// Keeps books only: what a change means for leases, sessions and other queues is decided by the
// machine. Every change of a task's state goes through SetState, so counts and bounds always match.
// Internal to the machine.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/machine/machine_types.h"
#include "broker/machine/record_order.h"
#include "broker/machine/task.h"

namespace cohort {

// What a queue knows of an id: a live task, or that it is over. Its newest record counts as long as
// the id is known.
struct Entry : Recorded {
  Queue* queue = nullptr;
  const TaskId* id = nullptr;
  std::unique_ptr<Task> live;
  LeaseKey settled_by;  // of a task that is over; zero: it was not settled
};

// A consumer. Credit is cumulative since its hello.
struct Consumer {
  SessionId session = 0;
  uint64_t granted_tasks = 0, granted_bytes = 0;
  uint64_t sent_tasks = 0, sent_bytes = 0;
  bool waiting_turn = false;  // it is in the circle
  uint64_t ahead = 0;         // tasks that it got beyond its turns
  bool HasCredit() const { return granted_tasks > sent_tasks && granted_bytes > sent_bytes; }
};

// A put that waits for room.
struct WaitingPut {
  SessionId session = 0;
  uint64_t number = 0;  // of the command
  TaskSpec task;
  Time since;
  bool told = false;  // its producer knows that it waits
};

enum class WaitReason : uint8_t {
  kNothing,
  kRestartGrace,
  kStopped,
  kPaused,  // by an operator
  kDisk,
  kResultsFull,
  kConsumer,
  kCredit,
  kFloor,  // puts are held back until their producer declares a floor
  kRoom,   // puts are held back although consumers keep up: room comes with their answers
};

class Queue {
 public:
  // `order` outlives it; entries of a queue that is not durable are never placed there.
  Queue(std::string name, const MachineConfig& config, RecordOrder* order);
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  const std::string& name() const { return name_; }
  bool durable() const { return durable_; }

  // --- tasks by id
  // Null when there is no live task of this id.
  Task* Find(const TaskId& id) const;
  // Live, ended and remembered, or below the floor.
  bool Knows(const TaskId& id) const;
  // The lease that settled it; zero when it is not a settled task that is remembered.
  LeaseKey SettledBy(const TaskId& id) const;
  Task* Insert(std::unique_ptr<Task> task);
  // Forgets the live task but for its id: what is known of that, or null when it lies below the
  // floor.
  Entry* Erase(Task* task, LeaseKey settled_by);
  // … as if it had never been put.
  void Withdraw(Task* task);
  // The id of a task that is over, as after Erase.
  Entry* Remember(const TaskId& id, LeaseKey settled_by);
  // True when that is news.
  bool RaiseFloor(uint64_t run, uint64_t space, uint64_t cursor);
  const auto& floors() const { return floors_; }
  std::vector<Task*> Live() const;
  bool IsBelowFloor(const TaskId& id) const;
  std::vector<Task*> InRange(uint64_t run, uint64_t space, uint64_t first, uint64_t last) const;

  // --- states, order, bounds
  void SetState(Task* task, TaskState state);
  // Tasks that may be delivered next, best first: the pick, then the others by priority.
  std::vector<Task*> Candidates() const;
  void CountDelivery(const Task* task);
  uint64_t count(TaskState state) const { return counts_[static_cast<size_t>(state)]; }
  uint64_t bounded_tasks() const;
  uint64_t bounded_bytes() const { return bounded_bytes_; }
  bool HasRoomFor(size_t bytes) const;
  // Ids of tasks that are over and may be put again, for all that the broker has been told.
  uint64_t remembered() const { return known_count_ - live_; }
  bool RemembersTooMany() const { return remembered() >= config_.remembered_ids; }
  bool IsFull() const;
  bool MayHold(size_t bytes) const;
  bool TooManyDead() const;
  // The first of one state: ready ones as they are due, dead ones as they were put, others by id.
  std::vector<Task*> InState(TaskState state, size_t limit) const;
  // What the holder of a leased task says that it does now; forgotten with the lease. Not recorded.
  void NotePhase(Time now, const Task* task, std::string phase);
  Task* OldestDead() const { return dead_.empty() ? nullptr : dead_.begin()->second; }

  // --- consumers
  Consumer* FindConsumer(SessionId session);
  void AddConsumer(SessionId session);
  void RemoveConsumer(SessionId session);
  void SetCredit(SessionId session, uint64_t tasks, uint64_t bytes);
  // Round the circle of those with credit, past those that are ahead; null when there is none.
  Consumer* NextConsumer();
  // The next but this one.
  Consumer* NextConsumerBut(SessionId session);
  // It was sent a body of this size; back into the circle if it has credit left and its row is
  // over.
  void Charge(Consumer* consumer, size_t bytes);
  // What comes from now on does not belong to the row of whoever is being served.
  void EndRow();
  size_t consumers() const { return consumers_.size(); }

  QueueSnapshot Snapshot(Time now) const;

  std::deque<WaitingPut> waiting;    // puts held back, in order
  std::set<Queue*> flows_to;         // where results of its tasks have gone: never in a circle
  std::set<Queue*> blocked_sources;  // queues that wait for room here
  Queue* blocked_on = nullptr;       // the results queue that is full
  QueueTotals totals;
  bool paused = false;  // by an operator
  WaitReason waits_for = WaitReason::kNothing;
  Time waits_since;
  bool dirty = false;
  uint64_t record = 0;  // sequence of its newest QueueChange; 0: it has none

 private:
  using Space = std::pair<uint64_t, uint64_t>;  // run, space
  struct WithinSpace {
    bool operator()(const TaskId& a, const TaskId& b) const {
      return a.cursor != b.cursor ? a.cursor < b.cursor : a.index < b.index;
    }
  };
  using Ids = std::map<TaskId, Entry, WithinSpace>;
  // Null when nothing is known of it.
  const Entry* Lookup(const TaskId& id) const;
  Entry* MakeEntry(const TaskId& id);
  void EraseEntry(const TaskId& id);
  // bool(const Entry&), in order of id, until it returns false.
  template <typename Function>
  void ForEach(const Function& function) const {
    for (const auto& [space, ids] : known_) {
      for (const auto& [id, entry] : ids) {
        if (!function(entry)) return;
      }
    }
  }

  // Redelivered tasks before fresh ones, each by order of put.
  using Level = std::map<std::pair<bool, uint64_t>, Task*>;
  static std::pair<bool, uint64_t> Place(const Task* task) {
    return {!task->delivered, task->order};
  }
  struct Phase {
    TaskId of;
    std::string text;
    Time since;
  };
  void Account(const Task* task, TaskState state, int sign);
  double OldestAgeSeconds(Time now) const;
  std::string WaitsForText() const;

  const std::string name_;
  const MachineConfig& config_;
  RecordOrder& order_;
  const bool durable_;
  std::map<Space, Ids> known_;                      // no space without ids
  uint64_t known_count_ = 0;                        // ids
  uint64_t live_ = 0;                               // of them
  std::map<Space, uint64_t> floors_;                // cursors
  std::map<uint8_t, Level, std::greater<>> ready_;  // by priority
  std::map<uint64_t, Task*> dead_;                  // by order
  std::map<uint64_t, Phase> phases_;                // of those told, by order
  uint64_t counts_[6] = {};                         // by TaskState, from 1
  uint64_t bounded_bytes_ = 0;
  uint64_t held_bytes_ = 0;
  uint64_t dead_bytes_ = 0;
  uint32_t turn_ = 0;  // of eight: the last is a lower priority's
  std::map<SessionId, Consumer> consumers_;
  std::deque<SessionId> circle_;
  uint64_t row_left_ = 0;  // tasks that the first of the circle gets before the next is served
};

}  // namespace cohort
