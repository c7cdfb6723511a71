#include "reward_workers/timer_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace cohort {
namespace {

using ::testing::ElementsAre;

constexpr Time At(double seconds) { return Time(Seconds(seconds)); }

TEST(TimerQueue, RunsWhatIsDueInOrder) {
  TimerQueue queue;
  std::vector<int> ran;
  const auto late = queue.At(At(3), [&] { ran.push_back(3); });
  const auto early = queue.At(At(1), [&] { ran.push_back(1); });
  const auto same = queue.At(At(1), [&] { ran.push_back(2); });
  EXPECT_EQ(queue.NextDue(), At(1));
  EXPECT_EQ(queue.RunDue(At(0.5)), 0u);
  EXPECT_EQ(queue.RunDue(At(1)), 2u);
  EXPECT_EQ(queue.NextDue(), At(3));
  EXPECT_EQ(queue.RunDue(At(10)), 1u);
  EXPECT_THAT(ran, ElementsAre(1, 2, 3));
  EXPECT_EQ(queue.NextDue(), std::nullopt);
}

TEST(TimerQueue, ATimerThatGoesAwayIsCancelled) {
  TimerQueue queue;
  int ran = 0;
  auto timer = queue.At(At(1), [&] { ++ran; });
  timer.reset();
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.RunDue(At(2)), 0u);
  EXPECT_EQ(ran, 0);
}

TEST(TimerQueue, ATimerMayCancelAnotherThatIsDue) {
  TimerQueue queue;
  int ran = 0;
  std::unique_ptr<TimerQueue::Timer> second;
  const auto first = queue.At(At(1), [&] { second.reset(); });
  second = queue.At(At(1), [&] { ++ran; });
  EXPECT_EQ(queue.RunDue(At(2)), 1u);
  EXPECT_EQ(ran, 0);
}

TEST(TimerQueue, WhatATimerAddsRunsNextTime) {
  TimerQueue queue;
  std::vector<std::unique_ptr<TimerQueue::Timer>> timers;
  int ran = 0;
  std::function<void()> again = [&] {
    ++ran;
    timers.push_back(queue.At(At(1), again));
  };
  timers.push_back(queue.At(At(1), again));
  EXPECT_EQ(queue.RunDue(At(2)), 1u);
  EXPECT_EQ(queue.RunDue(At(2)), 1u);
  EXPECT_EQ(ran, 2);
}

}  // namespace
}  // namespace cohort
