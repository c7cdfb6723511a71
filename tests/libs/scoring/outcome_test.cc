#include "libs/scoring/outcome.h"

#include <gtest/gtest.h>

#include <limits>

#include "libs/scoring/verdict.h"

namespace cohort {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(OutcomeReason, NumbersAndNamesGoBothWays) {
  int known = 0;
  for (int number = 0; number <= 0xffff; ++number) {
    const Result<OutcomeReason> reason = OutcomeReasonFromNumber(number);
    if (!reason.ok()) continue;
    ++known;
    EXPECT_EQ(static_cast<int>(*reason), number);
    EXPECT_EQ(IsScored(*reason), number <= 100) << OutcomeReasonName(*reason);
  }
  EXPECT_EQ(known, 17);
  EXPECT_FALSE(OutcomeReasonFromNumber(0).ok());
}

TEST(Outcome, RewardIsTheWeightedSum) {
  const Result<Outcome> outcome =
      Outcome::Scored(OutcomeReason::kGraded, {{"a", 1, 1}, {"b", 0.5, 0.1}, {"c", 7, 0}}, true);
  ASSERT_TRUE(outcome.ok());
  EXPECT_DOUBLE_EQ(*outcome->reward(), 1.05);
}

TEST(Outcome, AMaskedOneHasNoReward) {
  const Outcome outcome = Outcome::Masked(OutcomeReason::kSandboxLost, "gone");
  EXPECT_EQ(outcome.reward(), std::nullopt);
  EXPECT_FALSE(outcome.scored());
  EXPECT_FALSE(outcome.correct());
}

TEST(Outcome, RefusesScoresThatAreNone) {
  const auto scored = [](OutcomeReason reason, RewardComponent component) {
    return Outcome::Scored(reason, {component}, true).ok();
  };
  EXPECT_TRUE(scored(OutcomeReason::kProgramTimeout, {"a", 0, 1}));
  EXPECT_FALSE(scored(OutcomeReason::kGoldInvalid, {"a", 0, 1}));
  EXPECT_FALSE(scored(OutcomeReason{0}, {"a", 0, 1}));
  EXPECT_FALSE(scored(OutcomeReason{42}, {"a", 0, 1}));
  EXPECT_FALSE(scored(OutcomeReason::kGraded, {"a", kNan, 1}));
  EXPECT_FALSE(scored(OutcomeReason::kGraded, {"a", 1, kNan}));
  EXPECT_FALSE(scored(OutcomeReason::kGraded, {"a", 1e200, 1e200}));
}

TEST(Verdict, IsNeverABareNumber) {
  EXPECT_EQ(Verdict::Graded(0.5).value(), 0.5);
  EXPECT_EQ(Verdict::Failed(OutcomeReason::kProgramCrash, "").value(), 0.0);
  EXPECT_EQ(Verdict::Masked(OutcomeReason::kExpired, "").value(), std::nullopt);
  EXPECT_EQ(Verdict::Graded(kNan).reason(), OutcomeReason::kGraderCrashed);
  EXPECT_EQ(Verdict::Failed(OutcomeReason::kGoldInvalid, "").value(), std::nullopt);
  EXPECT_EQ(Verdict::Masked(OutcomeReason::kGraded, "").reason(), OutcomeReason::kGraderCrashed);
}

TEST(Quoted, ShowsAModelsTextInOneHarmlessLine) {
  EXPECT_EQ(Quoted("4\n2\x1b[31m"), "\"4 2 [31m\"");
  EXPECT_EQ(Quoted("abcdef", 3), "\"abc…\"");
  // Two-byte letters are not cut in halves.
  EXPECT_EQ(Quoted("éé", 3), "\"é…\"");
  EXPECT_EQ(Quoted("éé", 2), "\"é…\"");
  EXPECT_EQ(Quoted("éé", 4), "\"éé\"");
  EXPECT_EQ(Quoted(std::string(200, '\x80')), "\"…\"");
}

}  // namespace
}  // namespace cohort
