// Things to do later, on the thread that owns the queue: how a delayed task holds no thread.
//
// Pure: time comes in as an argument. Belongs to one thread. Adding and cancelling cost O(log n).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "libs/base/clock.h"

namespace cohort {

class TimerQueue {
 public:
  // Cancels what has not run yet when it goes away; must not outlive its queue.
  class Timer {
   public:
    ~Timer() { queue_->entries_.erase(key_); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

   private:
    friend class TimerQueue;
    Timer(TimerQueue* queue, std::pair<Time, uint64_t> key) : queue_(queue), key_(key) {}
    TimerQueue* queue_;
    std::pair<Time, uint64_t> key_;
  };

  [[nodiscard]] std::unique_ptr<Timer> At(Time due, std::function<void()> run);

  // Runs what is due, in order of time, then of adding; what that adds runs in a later call.
  // Returns how many ran.
  size_t RunDue(Time now);

  std::optional<Time> NextDue() const;
  size_t size() const { return entries_.size(); }

 private:
  uint64_t next_ = 1;
  std::map<std::pair<Time, uint64_t>, std::function<void()>> entries_;
};

}  // namespace cohort
