#include "broker/journal/gathering.h"

#include <gtest/gtest.h>

namespace cohort::journal {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// A disk whose sync takes 4 ms.
Gathering OnSlowDisk() {
  Gathering gathering;
  gathering.Synced(milliseconds(4), 16, 16);
  return gathering;
}

TEST(Gathering, WaitsForThoseWhoWereAnsweredAndThoseWhoCameMeanwhile) {
  const Gathering gathering = OnSlowDisk();
  EXPECT_EQ(gathering.expected(), 32u);
  EXPECT_EQ(gathering.limit(), milliseconds(2));
}

TEST(Gathering, ExpectsNobodyBeforeTheFirstSync) {
  EXPECT_EQ(Gathering().expected(), 0u);
  EXPECT_EQ(Gathering().limit(), milliseconds(0));
}

TEST(Gathering, DoesNotWaitWhereSyncsAreShort) {
  Gathering gathering;
  gathering.Synced(microseconds(1900), 16, 16);
  EXPECT_EQ(gathering.limit(), microseconds(0));
  Gathering longer;
  longer.Synced(microseconds(2100), 16, 16);
  EXPECT_EQ(longer.limit(), microseconds(1050));
}

TEST(Gathering, DoesNotWaitWhereOnlyMuchTakesLong) {
  Gathering gathering;
  for (int i = 0; i < 1000; ++i) {
    gathering.Synced(i % 8 == 0 ? microseconds(900) : milliseconds(10), 16, 16);
    ASSERT_EQ(gathering.limit(), microseconds(0)) << i;
  }
}

TEST(Gathering, NoticesADiskThatBecomesSlow) {
  Gathering gathering;
  gathering.Synced(microseconds(900), 16, 16);
  for (int i = 0; i < 100; ++i) gathering.Synced(milliseconds(4), 16, 16);
  EXPECT_EQ(gathering.limit(), milliseconds(2));
}

TEST(Gathering, ADiskThatHungDoesNotMakeTheNextWaitLong) {
  Gathering gathering = OnSlowDisk();
  gathering.Synced(std::chrono::seconds(30), 16, 16);
  EXPECT_LE(gathering.limit(), milliseconds(5));
}

TEST(Gathering, AWaitThatPaysIsRepeated) {
  Gathering gathering = OnSlowDisk();
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(gathering.expected(), 32u) << i;
    gathering.Waited(i % 2 == 0 ? 32 : 24);
    gathering.Synced(milliseconds(4), 32, 0);
  }
}

TEST(Gathering, WaitsInVainBecomeRare) {
  Gathering gathering = OnSlowDisk();
  int waits = 0;
  for (int i = 0; i < 1000; ++i) {
    if (gathering.expected() > 0) {
      ++waits;
      gathering.Waited(16);  // none of those who were answered came back
    }
    gathering.Synced(milliseconds(4), 16, 16);
  }
  EXPECT_GE(waits, 5);
  EXPECT_LE(waits, 12);
}

TEST(Gathering, AWaitThatPaysEndsTheDoubt) {
  Gathering gathering = OnSlowDisk();
  gathering.Waited(16);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(gathering.expected(), 0u);
    gathering.Synced(milliseconds(4), 16, 16);
  }
  EXPECT_EQ(gathering.expected(), 32u);
  gathering.Waited(32);
  gathering.Synced(milliseconds(4), 32, 0);
  EXPECT_EQ(gathering.expected(), 32u);
}

}  // namespace
}  // namespace cohort::journal
