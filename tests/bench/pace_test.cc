#include "bench/load/pace.h"

#include <gtest/gtest.h>

#include <vector>

namespace cohort::bench {
namespace {

std::vector<int64_t> Due(Pace& pace, int64_t now) {
  std::vector<int64_t> due;
  pace.SendDue(now, [&due](int64_t intended) { due.push_back(intended); });
  return due;
}
using Moments = std::vector<int64_t>;

TEST(Pace, SendsEachTaskAtItsMomentWithoutABeat) {
  Pace pace(/*rate=*/1e8, /*beat=*/0);  // every 10 ns
  pace.Start(100);
  EXPECT_EQ(pace.next_look(), 100);
  EXPECT_EQ(Due(pace, 99), Moments{});
  EXPECT_EQ(Due(pace, 100), Moments{100});
  EXPECT_EQ(pace.next_look(), 110);
}

TEST(Pace, KeepsTheIntendedMomentsOfWhatAStallDelays) {
  Pace pace(1e8, 0);
  pace.Start(100);
  EXPECT_EQ(Due(pace, 135), (Moments{100, 110, 120, 130}));
  EXPECT_EQ(Due(pace, 140), Moments{140});
}

TEST(Pace, SendsWhatIsDueTogetherOnceABeat) {
  Pace pace(1e8, /*beat=*/25);
  pace.Start(100);
  EXPECT_EQ(Due(pace, 100), Moments{100});
  EXPECT_EQ(pace.next_look(), 125);
  EXPECT_EQ(Due(pace, 124), Moments{});
  EXPECT_EQ(Due(pace, 125), (Moments{110, 120}));
  EXPECT_EQ(Due(pace, 150), (Moments{130, 140, 150}));
}

TEST(Pace, OfFewTasksIsThatOfTheTasks) {
  Pace pace(1e8, /*beat=*/3);
  pace.Start(100);
  EXPECT_EQ(Due(pace, 100), Moments{100});
  EXPECT_EQ(pace.next_look(), 110);
}

TEST(Pace, BeginsAnewAfterAStop) {
  Pace pace(1e8, 25);
  EXPECT_FALSE(pace.running());
  pace.Start(100);
  EXPECT_TRUE(pace.running());
  Due(pace, 100);
  pace.Stop();
  EXPECT_FALSE(pace.running());
  pace.StartAfter(1000);
  EXPECT_GE(pace.next_look(), 1000);
  EXPECT_LE(pace.next_look(), 1025);
}

}  // namespace
}  // namespace cohort::bench
