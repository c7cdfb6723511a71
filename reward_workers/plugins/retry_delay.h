// How long to wait before a request is repeated, and how often requests may be made. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "libs/base/clock.h"

namespace cohort {

// A Retry-After is kept to up to here.
inline constexpr Duration kLongestRetryAfter = std::chrono::minutes(5);

// Doubles from a quarter of a second to a minute, of which a share between a half and all is taken,
// so that many do not come back at once. `share` is in [0, 1).
inline Duration RetryDelay(int retries_before, double share) {
  const double seconds =
      std::min(60.0, 0.25 * static_cast<double>(1ULL << std::min(retries_before, 20)));
  return Seconds(seconds * (0.5 + 0.5 * share));
}

// At most `per_second` requests in a second on average, a tenth of them at once. 0: no limit.
class RateLimit {
 public:
  explicit RateLimit(double per_second) : per_second_(per_second), left_(Burst()) {}

  // Whether one may go now; then it is counted.
  bool Take(Time now) {
    if (per_second_ <= 0) return true;
    if (last_ != Time{}) left_ = std::min(Burst(), left_ + per_second_ * ToSeconds(now - last_));
    last_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }
  // From a refusal until one may go.
  Duration Wait() const {
    return per_second_ <= 0 ? Duration::zero() : Seconds((1 - left_) / per_second_);
  }

 private:
  double Burst() const { return std::max(1.0, per_second_ / 10); }

  double per_second_;
  double left_;
  Time last_{};
};

}  // namespace cohort
