#include "cli/restart_policy.h"

namespace cohort {
namespace {

constexpr Duration kFirstWait = Seconds(0.2);

}  // namespace

std::optional<Time> RestartPolicy::OnDeath(Time now) {
  deaths_.push_back(now);
  while (now - deaths_.front() > kDeathWindow) deaths_.pop_front();
  if (deaths_.size() >= kDeathsThatEndARun) return std::nullopt;
  return now + kFirstWait * (1 << (deaths_.size() - 1));
}

}  // namespace cohort
