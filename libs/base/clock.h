// Time as an argument: whatever waits or measures takes a Clock, so that tests move time by hand.
//
// Duration counts nanoseconds. Time is steady (it never jumps, and means nothing outside of its
// process); WallSeconds is for people and file names only. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>

namespace cohort {

using Duration = std::chrono::nanoseconds;

struct SteadyTimeTag {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  static constexpr bool is_steady = true;
};
using Time = std::chrono::time_point<SteadyTimeTag, Duration>;

constexpr Duration Seconds(double seconds) {
  return Duration(static_cast<Duration::rep>(seconds * 1e9));
}
constexpr double ToSeconds(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-9;
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() const = 0;
  // Seconds since 1970, UTC.
  virtual double WallSeconds() const = 0;
};

class SystemClock : public Clock {
 public:
  Time Now() const override;
  double WallSeconds() const override;
};

// For tests: stands still until it is advanced.
class ManualClock : public Clock {
 public:
  Time Now() const override { return Time(Duration(now_.load())); }
  double WallSeconds() const override { return 1.7e9 + ToSeconds(Duration(now_.load())); }
  void Advance(Duration by) { now_ += by.count(); }

 private:
  std::atomic<Duration::rep> now_{1'000'000'000};
};

}  // namespace cohort
