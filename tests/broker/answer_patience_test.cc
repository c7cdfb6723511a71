#include "broker/answer_patience.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

constexpr Duration kMoment = AnswerPatience::kMoment;
constexpr Duration kLittle = kMoment / 4;

class AnswerPatienceTest : public testing::Test {
 protected:
  const Time start_ = Time{} + Seconds(100);
  AnswerPatience patience_;
};

TEST_F(AnswerPatienceTest, WhoWasSentNothingLatelyIsAnsweredAtOnce) {
  EXPECT_FALSE(patience_.MayWait(start_));
  patience_.WentOn(start_);
  EXPECT_FALSE(patience_.MayWait(start_)) << "however much it puts";
}

TEST_F(AnswerPatienceTest, WhoWasSentSomethingWaitsAMoment) {
  patience_.Sent(start_);
  EXPECT_TRUE(patience_.MayWait(start_ + kMoment - kLittle));
  EXPECT_FALSE(patience_.MayWait(start_ + kMoment));
}

TEST_F(AnswerPatienceTest, WhoFallsQuietIsAnsweredAMomentLater) {
  patience_.Sent(start_);
  const Time last_put = start_ + kMoment - kLittle;
  patience_.WentOn(last_put);
  EXPECT_TRUE(patience_.MayWait(last_put + kMoment - kLittle));
  EXPECT_FALSE(patience_.MayWait(last_put + kMoment));
}

TEST_F(AnswerPatienceTest, WhoNeverFallsQuietIsAnsweredAllTheSame) {
  patience_.Sent(start_);
  Time now = start_;
  for (; patience_.MayWait(now); now += kLittle) {
    patience_.WentOn(now);
    ASSERT_LT(now, start_ + Seconds(1));
  }
  EXPECT_GE(now, start_ + AnswerPatience::kLongest);
  EXPECT_LT(now, start_ + AnswerPatience::kLongest + 2 * kLittle);
}

}  // namespace
}  // namespace cohort
