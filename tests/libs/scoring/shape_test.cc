#include "libs/scoring/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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

// Worked out by hand: cos 0 = 1, cos π/3 = 1/2, cos π/2 = 0, cos 2π/3 = −1/2, cos π = −1. For a
// right answer 0.5 + 0.25 · (1 + cos), for a wrong one −0.5 − 0.25 · (1 + cos).
TEST(CosineLength, RunsFromOneValueToTheOtherAlongTheWave) {
  constexpr CosineLengthRange kRange = {1.0, 0.5, -1.0, -0.5};
  const struct {
    size_t tokens;
    double right, wrong;
  } cases[] = {
      {0, 1.0, -1.0}, {4, 0.875, -0.875}, {6, 0.75, -0.75}, {8, 0.625, -0.625}, {12, 0.5, -0.5}};
  for (const auto& c : cases) {
    EXPECT_NEAR(CosineLengthValue(c.tokens, 12, true, kRange), c.right, 1e-12) << c.tokens;
    EXPECT_NEAR(CosineLengthValue(c.tokens, 12, false, kRange), c.wrong, 1e-12) << c.tokens;
  }
}

TEST(CosineLength, StaysAtItsLastValueBeyondTheLimit) {
  constexpr CosineLengthRange kRange = {2.0, 1.0, -10.0, 0.0};  // the values of the paper
  EXPECT_EQ(CosineLengthValue(0, 10, true, kRange), 2.0);
  EXPECT_EQ(CosineLengthValue(0, 10, false, kRange), -10.0);
  EXPECT_EQ(CosineLengthValue(10, 10, true, kRange), 1.0);
  EXPECT_EQ(CosineLengthValue(20, 10, true, kRange), 1.0) << "the wave would be back at 2";
  EXPECT_EQ(CosineLengthValue(20, 10, false, kRange), 0.0);
  EXPECT_EQ(CosineLengthValue(0, 0, true, kRange), 1.0);
}

// Worked out by hand: lengths 100 to 300, so λ is 0.5, 0.25, 0, −0.25, −0.5.
TEST(GroupLength, FavoursTheShortRightAnswersOfAGroup) {
  const std::vector<MemberLength> right = {
      {100, true}, {150, true}, {200, true}, {250, true}, {300, true}};
  EXPECT_THAT(GroupLengthValues(right), ElementsAre(0.5, 0.25, 0.0, -0.25, -0.5));
  const std::vector<MemberLength> wrong = {
      {300, false}, {100, false}, {150, true}, {200, false}, {250, false}};
  EXPECT_THAT(GroupLengthValues(wrong), ElementsAre(-0.5, 0.0, 0.25, 0.0, -0.25));
}

TEST(GroupLength, IsZeroWhereAllLengthsAreEqual) {
  EXPECT_THAT(GroupLengthValues({}), IsEmpty());
  EXPECT_THAT(GroupLengthValues(std::vector<MemberLength>{{7, true}}), ElementsAre(0.0));
  const std::vector<MemberLength> equal = {{7, true}, {7, false}, {7, true}};
  EXPECT_THAT(GroupLengthValues(equal), ElementsAre(0.0, 0.0, 0.0));
}

}  // namespace
}  // namespace cohort
