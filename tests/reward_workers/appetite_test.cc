#include "reward_workers/appetite.h"

#include <gtest/gtest.h>

#include "reward_workers/scorer.h"

namespace cohort {
namespace {

TEST(Appetite, IsAllThereIsRoomForWhenNothingWaitsForATurn) {
  EXPECT_EQ(Appetite(0, 256).Wanted(Time{} + Seconds(1)), 256u);
}

TEST(Appetite, FillsThePlacesAndOneMoreAtFirst) {
  EXPECT_EQ(Appetite(4, 256).Wanted(Time{} + Seconds(1)), 5u);
  EXPECT_EQ(Appetite(4, 3).Wanted(Time{} + Seconds(1)), 3u);
  EXPECT_EQ(Appetite(kAnyNumber, 300).Wanted(Time{} + Seconds(1)), 300u);
}

TEST(Appetite, TakesHalfASecondOfWorkAheadAndForgets) {
  Appetite appetite(2, 256);
  Time now = Time{} + Seconds(1);
  for (int i = 0; i < 2000; ++i) appetite.Finished(now += Seconds(0.01));  // 100 in a second
  EXPECT_NEAR(appetite.Wanted(now), 2 + 1 + 50, 3);
  for (int i = 0; i < 10; ++i) appetite.Finished(now += Seconds(2));  // one in two seconds
  EXPECT_EQ(appetite.Wanted(now), 3u);
}

}  // namespace
}  // namespace cohort
