// When a child that died is started again. Pure; one object a child.
#pragma once

#include <deque>
#include <optional>

#include "libs/base/clock.h"

namespace cohort {

inline constexpr size_t kDeathsThatEndARun = 5;
inline constexpr Duration kDeathWindow = Seconds(60);

class RestartPolicy {
 public:
  // When to start it again; nothing when it died too often (five times in a minute). The wait
  // doubles from a fifth of a second with each death in the window.
  std::optional<Time> OnDeath(Time now);

 private:
  std::deque<Time> deaths_;  // within the window
};

}  // namespace cohort
