#include "cli/restart_policy.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

TEST(RestartPolicy, WaitsLongerWithEachDeathAndGivesUpAtTheFifthInAMinute) {
  RestartPolicy policy;
  Time now{Seconds(100)};
  Duration last{0};
  for (int death = 1; death <= 4; ++death) {
    const std::optional<Time> again = policy.OnDeath(now);
    ASSERT_TRUE(again) << death;
    EXPECT_GT(*again - now, last);
    last = *again - now;
    now += Seconds(10);
  }
  EXPECT_FALSE(policy.OnDeath(now));
}

TEST(RestartPolicy, ForgetsDeathsThatAreMoreThanAMinuteOld) {
  RestartPolicy policy;
  Time now{Seconds(100)};
  const Duration first = *policy.OnDeath(now) - now;
  for (int death = 0; death < 20; ++death) {
    now += Seconds(61);
    const std::optional<Time> again = policy.OnDeath(now);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again - now, first);
  }
}

}  // namespace
}  // namespace cohort
