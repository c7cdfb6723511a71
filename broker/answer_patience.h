// How long answers wait for others that share a message with them. One peer's, one thread's.
//
// A peer that was sent nothing for a while is answered at once. One that was sent something just
// now waits a moment; one that goes on putting does not wait for its answers at all, so it gets
// them after a few moments, or when it falls quiet.
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
