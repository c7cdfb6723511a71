// A BrokerClient for tests: records what it is asked, gives the events it is told to give.
//
// No broker stands behind it: a test plays that part. Every answered verb is answered with ok at
// once unless hold_answers is set. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "libs/messaging/broker_client.h"

namespace cohort {

class FakeBrokerClient : public BrokerClient {
 public:
  struct PutCall {
    NewTask task;
    uint64_t tag = 0;
  };
  struct FloorCall {
    std::string queue;
    uint64_t run = 0, space = 0, cursor = 0;
  };
  struct CancelCall {
    uint64_t run = 0, space = 0, first = 0, last = 0, tag = 0;
  };
  struct SubscribeCall {
    std::string queue;
  };
  struct GrantCall {
    std::string queue;
    uint32_t tasks = 0;
    uint64_t bytes = 0;
  };
  struct BeginCall {
    LeaseToken token;
  };
  struct LimitCall {
    LeaseToken token;
    Duration limit;
  };
  struct PhaseCall {
    LeaseToken token;
    std::string phase;
  };
  struct EmitCall {
    LeaseToken token;
    std::vector<NewTask> children;
    uint64_t tag = 0;
  };
  struct SettleCall {
    LeaseToken token;
    std::vector<NewTask> children;
    uint64_t tag = 0;
  };
  struct AcceptCall {
    LeaseToken token;
  };
  struct ReleaseCall {
    LeaseToken token;
  };
  struct FailCall {
    LeaseToken token;
    std::string reason;
  };
  using Call =
      std::variant<PutCall, FloorCall, CancelCall, SubscribeCall, GrantCall, BeginCall, LimitCall,
                   PhaseCall, EmitCall, SettleCall, AcceptCall, ReleaseCall, FailCall>;

  // --- the test's side
  void Give(BrokerEvent event);
  // A delivery with a fresh token.
  Delivery Deliver(std::string queue, TaskId id, std::string body);
  // All calls since the last time.
  std::vector<Call> TakeCalls();
  // Those of one kind, since the last TakeCalls; they stay.
  template <typename T>
  std::vector<T> Calls() const {
    std::scoped_lock lock(mutex_);
    std::vector<T> found;
    for (const Call& call : calls_) {
      if (const T* match = std::get_if<T>(&call)) found.push_back(*match);
    }
    return found;
  }
  // Waits until there are at least `count` calls of a kind; false when the time is up.
  template <typename T>
  bool WaitForCalls(size_t count, Duration timeout) const {
    std::unique_lock lock(mutex_);
    return called_.wait_for(lock, timeout, [&] {
      size_t found = 0;
      for (const Call& call : calls_) found += std::holds_alternative<T>(call) ? 1 : 0;
      return found >= count;
    });
  }
  void HoldAnswers(bool hold);
  void SetStats(std::vector<QueueStats> stats);
  bool closed() const;

  // --- the process's side
  std::optional<BrokerEvent> Next(Duration timeout) override;
  void Put(NewTask task, uint64_t tag) override;
  void Floor(const std::string& queue, uint64_t run, uint64_t space, uint64_t cursor) override;
  void Cancel(uint64_t run, uint64_t space, uint64_t first, uint64_t last, uint64_t tag) override;
  void Subscribe(const std::string& queue) override;
  void Grant(const std::string& queue, uint32_t tasks, uint64_t bytes) override;
  void Begin(const LeaseToken& token) override;
  void SetLimit(const LeaseToken& token, Duration limit) override;
  void SetPhase(const LeaseToken& token, std::string phase) override;
  void Emit(const LeaseToken& token, std::vector<NewTask> children, uint64_t tag) override;
  void Settle(const LeaseToken& token, std::vector<NewTask> children, uint64_t tag) override;
  void Accept(const LeaseToken& token) override;
  void Release(const LeaseToken& token) override;
  void Fail(const LeaseToken& token, std::string reason) override;
  Result<std::vector<QueueStats>> Stats(Duration timeout) override;
  std::string State() const override;
  void Close(Duration timeout) override;

 private:
  void Record(Call call, uint64_t tag = 0);

  mutable std::mutex mutex_;
  mutable std::condition_variable called_;
  std::condition_variable given_;
  std::vector<Call> calls_;
  std::deque<BrokerEvent> events_;
  std::vector<QueueStats> stats_;
  uint64_t next_lease_ = 0;
  bool hold_answers_ = false;
  bool closed_ = false;
};

}  // namespace cohort
