// How other threads hand something to the reward worker's thread: functions that it runs there.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace cohort {

class Mailbox {
 public:
  // `wake` makes the reader look soon; called by posting threads, from which it must be safe.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  // From any thread.
  void Post(std::function<void()> run) {
    {
      std::scoped_lock lock(mutex_);
      posted_.push_back(std::move(run));
    }
    wake_();
  }

  // On the reader's thread: runs what was posted, in order.
  void RunAll() {
    std::vector<std::function<void()>> posted;
    {
      std::scoped_lock lock(mutex_);
      posted.swap(posted_);
    }
    for (const std::function<void()>& run : posted) run();
  }

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
};

}  // namespace cohort
