#include "libs/scoring/shape.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

TEST(CleanStop, IsOneForACompletionThatEndedItself) {
  EXPECT_EQ(CleanStopValue(true), 1.0);
  EXPECT_EQ(CleanStopValue(false), 0.0);
}

TEST(LengthValue, FallsLinearlyToItsLimit) {
  EXPECT_EQ(LengthValue(0, 8), 1.0);
  EXPECT_EQ(LengthValue(2, 8), 0.75);
  EXPECT_EQ(LengthValue(7, 8), 0.125);
  EXPECT_EQ(LengthValue(8, 8), 0.0);
  EXPECT_EQ(LengthValue(9, 8), 0.0);
  EXPECT_EQ(LengthValue(0, 0), 0.0);
}

}  // namespace
}  // namespace cohort
