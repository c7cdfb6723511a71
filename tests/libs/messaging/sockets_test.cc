#include "libs/messaging/sockets.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

TEST(WakeupTest, WaitEndsWithANotificationAndTakesIt) {
  const SystemClock clock;
  Wakeup wakeup;
  wakeup.Notify();
  const Time start = clock.Now();
  wakeup.Wait(Seconds(60));
  EXPECT_LT(clock.Now() - start, Seconds(30));
  const Time again = clock.Now();
  wakeup.Wait(Seconds(0.01));
  EXPECT_GE(clock.Now() - again, Seconds(0.01)) << "it was taken";
}

}  // namespace
}  // namespace cohort
