#include "reward_workers/timer_queue.h"

namespace cohort {

std::unique_ptr<TimerQueue::Timer> TimerQueue::At(Time due, std::function<void()> run) {
  const std::pair<Time, uint64_t> key(due, next_++);
  entries_.emplace(key, std::move(run));
  return std::unique_ptr<Timer>(new Timer(this, key));
}

size_t TimerQueue::RunDue(Time now) {
  const uint64_t added_later = next_;
  size_t ran = 0;
  for (auto entry = entries_.begin(); entry != entries_.end() && entry->first.first <= now;) {
    if (entry->first.second >= added_later) {
      ++entry;
      continue;
    }
    const std::function<void()> run = std::move(entry->second);
    entries_.erase(entry);
    run();
    ++ran;
    entry = entries_.begin();  // anything may have been added or cancelled
  }
  return ran;
}

std::optional<Time> TimerQueue::NextDue() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.begin()->first.first;
}

}  // namespace cohort
