#include "libs/scoring/shape.h"

#include <gtest/gtest.h>

#include <vector>

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

// Worked out by hand: limit 10, buffer 4, so 6 tokens are free and each further one costs 1/4.
TEST(SoftOverlong, PunishesWhatReachesIntoTheBuffer) {
  EXPECT_EQ(SoftOverlongValue(0, 10, 4), 0.0);
  EXPECT_EQ(SoftOverlongValue(6, 10, 4), 0.0);
  EXPECT_EQ(SoftOverlongValue(7, 10, 4), -0.25);
  EXPECT_EQ(SoftOverlongValue(9, 10, 4), -0.75);
  EXPECT_EQ(SoftOverlongValue(10, 10, 4), -1.0);
  EXPECT_EQ(SoftOverlongValue(11, 10, 4), -1.0);
}

TEST(SoftOverlong, IsAStepWithoutABufferAndARampWithOneOfTheWholeLimit) {
  EXPECT_EQ(SoftOverlongValue(10, 10, 0), 0.0);
  EXPECT_EQ(SoftOverlongValue(11, 10, 0), -1.0);
  EXPECT_EQ(SoftOverlongValue(5, 10, 10), -0.5);
  EXPECT_EQ(SoftOverlongValue(5, 10, 99), -0.5);
  EXPECT_EQ(SoftOverlongValue(0, 0, 0), 0.0);
}

TEST(RepeatedShare, CountsNGramsThatWereThereBefore) {
  const auto share = [](std::vector<int32_t> tokens, size_t n) { return RepeatedShare(tokens, n); };
  EXPECT_EQ(share({1, 2, 3, 4}, 2), 0.0);
  EXPECT_EQ(share({1, 2, 1, 2, 1}, 2), 0.5) << "12 21 12 21";
  EXPECT_EQ(share({7, 7, 7, 7, 7}, 2), 0.75);
  EXPECT_EQ(share({1, 2, 3, 1, 2, 3}, 3), 0.25) << "123 231 312 123";
  EXPECT_EQ(share({1, 2, 3, 1, 2, 3}, 1), 0.5);
}

TEST(RepeatedShare, IsNothingWhereThereIsNoNGram) {
  EXPECT_EQ(RepeatedShare({}, 2), 0.0);
  EXPECT_EQ(RepeatedShare(std::vector<int32_t>{1}, 2), 0.0);
  EXPECT_EQ(RepeatedShare(std::vector<int32_t>{1, 2}, 0), 0.0);
  EXPECT_EQ(RepeatedShare(std::vector<int32_t>{1, 2}, 2), 0.0);
}

}  // namespace
}  // namespace cohort
