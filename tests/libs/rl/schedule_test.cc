#include "libs/rl/schedule.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

TEST(LearningRate, RisesLinearlyAndReachesThePeakWithTheLastWarmUpStep) {
  const LearningRateSchedule schedule{.peak = 2e-4, .warmup_steps = 10};
  EXPECT_DOUBLE_EQ(LearningRateAt(schedule, 0), 2e-5);
  EXPECT_DOUBLE_EQ(LearningRateAt(schedule, 4), 1e-4);
  EXPECT_DOUBLE_EQ(LearningRateAt(schedule, 9), 2e-4);
  EXPECT_DOUBLE_EQ(LearningRateAt(schedule, 10), 2e-4);
  EXPECT_DOUBLE_EQ(LearningRateAt(schedule, 1'000'000), 2e-4);
}

TEST(LearningRate, IsConstantWithoutWarmUp) {
  EXPECT_DOUBLE_EQ(LearningRateAt({.peak = 1e-5}, 0), 1e-5);
}

TEST(LearningRate, FallsAlongACosineToATenth) {
  const LearningRateSchedule schedule{
      .peak = 1.0, .warmup_steps = 100, .shape = ScheduleShape::kCosine, .total_steps = 300};
  EXPECT_DOUBLE_EQ(LearningRateAt(schedule, 100), 1.0);
  EXPECT_DOUBLE_EQ(LearningRateAt(schedule, 200), 0.55);  // half-way: 0.1 + 0.9 / 2
  EXPECT_DOUBLE_EQ(LearningRateAt(schedule, 300), 0.1);
  EXPECT_DOUBLE_EQ(LearningRateAt(schedule, 5000), 0.1);
}

TEST(LearningRate, OfACosineShorterThanItsWarmUpEndsAtTheFinalFraction) {
  const LearningRateSchedule schedule{
      .peak = 1.0, .warmup_steps = 10, .shape = ScheduleShape::kCosine, .total_steps = 5};
  EXPECT_DOUBLE_EQ(LearningRateAt(schedule, 9), 1.0);
  EXPECT_DOUBLE_EQ(LearningRateAt(schedule, 10), 0.1);
}

}  // namespace
}  // namespace cohort
