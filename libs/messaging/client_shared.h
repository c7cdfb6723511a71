// What the callers of a BrokerClient and its thread share: requests one way, events the other.
// Thread-safe; used by broker_client.cc and client_loop.cc only.
#pragma once

#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "libs/base/clock.h"
#include "libs/messaging/broker_client.h"
#include "libs/messaging/commands.h"
#include "libs/messaging/sockets.h"

namespace cohort {

struct VerbRequest {
  Verb verb;
  uint64_t tag = 0;
};
struct GrantRequest {
  std::string queue;
  uint32_t tasks = 0;
  uint64_t bytes = 0;
};
struct LimitRequest {
  LeaseToken token;
  Time until;
};
struct PhaseRequest {
  LeaseToken token;
  std::string phase;
};
struct StatsRequest {
  std::shared_ptr<std::promise<std::vector<QueueStats>>> answer;
};
using OperatorPromise = std::promise<Result<OperatorReport>>;
struct OperateRequest {
  Verb verb;
  std::shared_ptr<OperatorPromise> answer;
};
struct CloseRequest {
  Time deadline;
};
using ClientRequest = std::variant<VerbRequest, GrantRequest, LimitRequest, PhaseRequest,
                                   StatsRequest, OperateRequest, CloseRequest>;

// Deliveries that the application took out of its hands since the last look. The thread is woken
// when they are so many that the broker should hear of it.
struct Taken {
  uint64_t tasks = 0, bytes = 0;
  uint64_t worth_telling_tasks = 1, worth_telling_bytes = 1;
  bool told = false;
};

class ClientShared {
 public:
  explicit ClientShared(Time now) : waiting_(Waiting{"connecting", now}) {}

  // Since when and why there is no connection; nothing while there is one.
  struct Waiting {
    std::string why;
    Time since;
  };

  // The put that the broker has held back for longest.
  struct HeldBack {
    std::string queue;
    std::string why;
    Time since;
  };

  // --- the callers' side
  void Ask(ClientRequest request) {
    bool first = false;
    {
      std::scoped_lock lock(mutex_);
      if (closed_) return;
      first = requests_.empty();
      requests_.push_back(std::move(request));
    }
    if (first) wakeup_.Notify();
  }

  std::optional<BrokerEvent> Next(Duration timeout) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, timeout, [&] { return !events_.empty() || closed_ || woken_; });
    woken_ = false;
    if (events_.empty()) return std::nullopt;
    BrokerEvent event = std::move(events_.front());
    events_.pop_front();
    if (const auto* delivery = std::get_if<Delivery>(&event)) {
      Taken& taken = taken_[delivery->queue];
      taken.tasks += 1;
      taken.bytes += delivery->body.size();
      const bool notify = !taken.told && (taken.tasks >= taken.worth_telling_tasks ||
                                          taken.bytes >= taken.worth_telling_bytes);
      taken.told = taken.told || notify;
      lock.unlock();
      if (notify) wakeup_.Notify();
    }
    return event;
  }

  void Wake() {
    {
      std::scoped_lock lock(mutex_);
      woken_ = true;
    }
    arrived_.notify_all();
  }

  std::optional<Waiting> waiting() const {
    std::scoped_lock lock(mutex_);
    return waiting_;
  }

  std::optional<HeldBack> held_back() const {
    std::scoped_lock lock(mutex_);
    return held_back_;
  }

  // --- the thread's side
  std::vector<ClientRequest> TakeRequests() {
    std::scoped_lock lock(mutex_);
    return std::exchange(requests_, {});
  }
  // The counts since the last call, queue by queue.
  template <typename Function>  // void(const std::string& queue, uint64_t tasks, uint64_t bytes)
  void TakeTaken(const Function& each) {
    std::scoped_lock lock(mutex_);
    for (auto& [queue, taken] : taken_) {
      each(queue, std::exchange(taken.tasks, 0), std::exchange(taken.bytes, 0));
      taken.told = false;
    }
  }
  void SetWorthTelling(const std::string& queue, uint64_t tasks, uint64_t bytes) {
    std::scoped_lock lock(mutex_);
    taken_[queue].worth_telling_tasks = tasks;
    taken_[queue].worth_telling_bytes = bytes;
  }
  void Tell(std::vector<BrokerEvent> events) {
    if (events.empty()) return;
    {
      std::scoped_lock lock(mutex_);
      for (BrokerEvent& event : events) events_.push_back(std::move(event));
    }
    arrived_.notify_all();
  }
  void SetWaiting(std::optional<Waiting> waiting) {
    std::scoped_lock lock(mutex_);
    waiting_ = std::move(waiting);
  }
  void SetHeldBack(std::optional<HeldBack> held_back) {
    std::scoped_lock lock(mutex_);
    held_back_ = std::move(held_back);
  }
  void SetClosed() {
    {
      std::scoped_lock lock(mutex_);
      closed_ = true;
      requests_.clear();
    }
    arrived_.notify_all();
  }
  Wakeup& wakeup() { return wakeup_; }

 private:
  Wakeup wakeup_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<ClientRequest> requests_;
  std::deque<BrokerEvent> events_;
  std::map<std::string, Taken> taken_;
  std::optional<Waiting> waiting_;
  std::optional<HeldBack> held_back_;
  bool woken_ = false;  // by Wake, until Next returns
  bool closed_ = false;
};

}  // namespace cohort
