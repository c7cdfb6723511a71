// The children of one scorer and the rollouts that wait for them.
//
// Each child judges one rollout at a time. A limit runs from when a rollout is handed to a child; a
// child that misses it, ends, eats memory or writes nonsense is killed, which costs its own rollout
// an attempt (grading_case.h) and the others nothing. No thread and no waiting: the supervisor
// polls the pipes and calls. Belongs to the supervisor's thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "reward_workers/plugins/canaries.h"
#include "reward_workers/plugins/child.h"
#include "reward_workers/plugins/grading_case.h"
#include "reward_workers/plugins/messages.h"

namespace cohort {

class ChildPool {
 public:
  struct Options {
    std::string scorer;  // its name, for people
    ChildPlan plan;
    size_t processes = 1;
    Duration limit = std::chrono::seconds(30);        // of one attempt
    Duration start_limit = std::chrono::seconds(60);  // of a child, until it is ready
    uint64_t memory_bytes = 0;                        // of one child
    // A child came up with another version than the first one. Called on the supervisor's thread.
    std::function<void(const std::string& from, const std::string& to)> changed = nullptr;
  };
  struct Job {
    uint64_t id = 0;     // of the worker, above 0
    std::string fields;  // of the rollout (messages.h)
    std::function<void(Verdict)> done;
  };
  // What happened, for counters: "restart", "timeout", "crash", "memory", "nonsense", "error",
  // "canary", "unasked", "cancelled".
  using Tell = std::function<void(const std::string& what)>;

  ChildPool(Options options, Tell tell);
  ~ChildPool();

  void Submit(Job job, Time now);
  // Nobody wants its verdict any more: it is taken out, or, where a child works on it, what that
  // says is dropped.
  void Cancel(uint64_t id);

  // The pipes of this child can be read or written.
  void Serve(size_t child, Time now);
  // Deadlines, ends, memory, restarts.
  void Tick(Time now);
  std::optional<Time> NextDue() const;

  // For polling; null where there is none now.
  size_t size() const { return seats_.size(); }
  const Child* child(size_t index) const { return seats_[index].child.get(); }
  bool busy() const { return !jobs_.empty(); }

  // Its first child is ready, or why the scorer does not start.
  bool ready() const { return ready_.has_value(); }
  const ReadyMessage& ready_message() const { return *ready_; }
  const std::string& start_failure() const { return start_failure_; }

 private:
  struct Work {  // a job and how far it is
    Job job;
    GradingCase grading;
    bool cancelled = false;
    bool excused = false;  // a child ended under it that was ending before
  };
  enum class SeatState { kDown, kStarting, kIdle, kBusy };
  struct Seat {
    SeatState state = SeatState::kDown;
    std::unique_ptr<Child> child;
    Time due{};            // of what it does; when down: of its start
    uint64_t served = 0;   // rollouts judged by this child
    uint64_t attempt = 0;  // the id that it was given
    uint64_t job = 0;
    Time given{};         // when
    int unasked = 0;      // answers that nobody asked for, since then
    int idle_ends = 0;    // of children that ended before they had judged anything
    bool closed = false;  // its stdout is: it is ending, or as good as
    size_t noise = 0;     // bytes of stderr during this attempt
  };

  void Start(Seat& seat, Time now);
  void TakeFrames(Seat& seat, Time now);
  void Take(Seat& seat, ScorerMessage message, Time now);
  void HandOut(Time now);
  void Give(Seat& seat, uint64_t job, Time now);
  void Broke(Seat& seat, Breakage how, const std::string& detail, Time now,
             bool keep_child = false);
  void Judged(Seat& seat, Verdict verdict, Time now);
  void Continue(uint64_t job, Time now);
  void Ended(Seat& seat, const std::string& how, Time now);
  std::string TooMuch(const Child& child) const;
  void StopChild(Seat& seat, Time restart);
  void StartFailed(Seat& seat, const std::string& why, Time now);

  const Options options_;
  const Tell tell_;
  std::vector<Seat> seats_;
  std::map<uint64_t, Work> jobs_;
  std::deque<uint64_t> waiting_;    // any child will do
  std::deque<uint64_t> for_fresh_;  // need a child that has served nobody
  Canaries canaries_;
  std::optional<ReadyMessage> ready_;
  std::string start_failure_;
  int start_failures_ = 0;  // in a row
  uint64_t next_attempt_ = 1;
  Time next_memory_check_{};
};

}  // namespace cohort
