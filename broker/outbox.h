// What one peer is to be sent, in order: an event rests until the change that it waits for is
// durable, and what comes after it rests too. Only the delivery of what a producer put goes ahead,
// since it waits for nothing; so the deliveries of one task stay in their order. One thread.
#pragma once

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "broker/machine/machine_types.h"

namespace cohort {

class Outbox {
 public:
  // True when the event is ready, false when it rests.
  bool Add(Effect&& effect, uint64_t synced) {
    const bool free = effect.after == 0 && std::holds_alternative<DeliverEvent>(effect.event);
    if (effect.after > synced || (rests() && !free)) {
      resting_.push_back(std::move(effect));
      return false;
    }
    ready.push_back(std::move(effect.event));
    return true;
  }
  // Changes up to this one are durable: what became ready by that.
  enum class News { kNone, kPatient, kUrgent };
  News Synced(uint64_t synced) {
    News news = News::kNone;
    for (; rests() && resting_.front().after <= synced; resting_.pop_front()) {
      Effect& effect = resting_.front();
      news = std::max(news, effect.patient ? News::kPatient : News::kUrgent);
      ready.push_back(std::move(effect.event));
    }
    return news;
  }
  bool rests() const { return !resting_.empty(); }

  std::vector<Event> ready;  // whoever sends them takes them from the front

 private:
  std::deque<Effect> resting_;
};

}  // namespace cohort
