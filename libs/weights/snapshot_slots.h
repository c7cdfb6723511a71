// Where the subscriber's thread leaves snapshots for its user: at most the newest and the one for
// evaluation. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "libs/weights/publication.h"

namespace cohort {

class SnapshotSlots {
 public:
  // Replaces what nobody took and this one makes useless.
  void Put(LoadedWeights snapshot) {
    std::scoped_lock lock(mutex_);
    for (LoadedWeights& waiting : waiting_) {
      if (snapshot.newest) waiting.newest = false;
      if (snapshot.for_evaluation) waiting.for_evaluation = false;
    }
    std::erase_if(waiting_, [](const auto& w) { return !w.newest && !w.for_evaluation; });
    waiting_.push_back(std::move(snapshot));
    arrived_.notify_all();
  }

  std::optional<LoadedWeights> Take(Duration timeout) {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, timeout, [&] { return !waiting_.empty(); })) return std::nullopt;
    std::optional<LoadedWeights> snapshot(std::move(waiting_.front()));
    waiting_.pop_front();
    return snapshot;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<LoadedWeights> waiting_;
};

}  // namespace cohort
