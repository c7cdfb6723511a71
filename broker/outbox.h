// What one peer is to be sent, in order: an event rests until the change that it waits for is
// durable, and what comes after it rests too. Only the delivery of what a producer put goes ahead,
// since it waits for nothing; so the deliveries of one task stay in their order. One thread.
#pragma once

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
  // Changes up to this one are durable. True when something became ready.
  bool Synced(uint64_t synced) {
    const size_t before = ready.size();
    while (rests() && resting_.front().after <= synced) {
      ready.push_back(std::move(resting_.front().event));
      resting_.pop_front();
    }
    return ready.size() > before;
  }
  bool rests() const { return !resting_.empty(); }

  std::vector<Event> ready;  // whoever sends them takes them from the front

 private:
  std::deque<Effect> resting_;
};

}  // namespace cohort
