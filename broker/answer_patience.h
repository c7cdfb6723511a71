// How long answers wait for others that share a message with them. One peer's, one thread's.
//
// They wait until a moment after the last message to the peer. One that puts although answers are
// ready for it does not wait for them: each such put extends that to a moment after the put, up to
// the longest time after the last message.
#pragma once

#include <algorithm>

#include "libs/base/clock.h"

namespace cohort {

class AnswerPatience {
 public:
  static constexpr Duration kMoment = Seconds(0.002);
  static constexpr Duration kLongest = Seconds(0.01);

  void Sent(Time now) { sent_ = now; }
  // It put something although answers waited for it.
  void WentOn(Time now) { went_on_ = now; }
  bool MayWait(Time now) const {
    return now < std::max(sent_ + kMoment, std::min(went_on_ + kMoment, sent_ + kLongest));
  }

 private:
  Time sent_{}, went_on_{};
};

}  // namespace cohort
