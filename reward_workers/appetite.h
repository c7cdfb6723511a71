// How many rollouts of a route a worker takes beyond those that it works on.
//
// Too few, and places stand empty while the next rollout is on its way; too many, and other workers
// have nothing to do while they wait here. Wanted is what fills the places, and half a second of
// what was finished lately. Pure; a value.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "libs/base/clock.h"

namespace cohort {

class Appetite {
 public:
  // `places`: rollouts worked on at once (scorer.h), 0 where all are done at once; `most` is never
  // exceeded.
  Appetite(size_t places, uint32_t most) : places_(places), most_(most) {}

  void Finished(Time now) {
    Decay(now);
    lately_ += 1;
  }

  // Rollouts to have in hand, at least 1.
  uint32_t Wanted(Time now) {
    if (places_ == 0) return most_;
    Decay(now);
    const double ahead = std::floor(lately_ * kAheadSeconds / kWindowSeconds);
    const double wanted = static_cast<double>(places_) + 1 + ahead;
    return static_cast<uint32_t>(std::min(wanted, static_cast<double>(most_)));
  }

 private:
  static constexpr double kWindowSeconds = 2;
  static constexpr double kAheadSeconds = 0.5;

  void Decay(Time now) {
    if (last_ != Time{}) lately_ *= std::exp(-ToSeconds(now - last_) / kWindowSeconds);
    last_ = now;
  }

  size_t places_;
  uint32_t most_;
  double lately_ = 0;  // finished in the last seconds, fading
  Time last_{};
};

}  // namespace cohort
