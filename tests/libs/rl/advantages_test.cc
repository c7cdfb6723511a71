#include "libs/rl/advantages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;

GroupMember Right(float reward) { return {reward, true}; }
GroupMember Wrong(float reward) { return {reward, false}; }
GroupMember Masked() { return {std::nullopt, false}; }

GroupAdvantages Compute(const std::vector<GroupMember>& group, AdvantageOptions options = {}) {
  return ComputeAdvantages(group, options);
}

TEST(Advantages, AreRewardsStandardisedByTheSampleDeviation) {
  // Rewards 1, 0, 0, 0: mean 1/4, squares 9/16 + 3/16 = 3/4, deviation sqrt(3/4 / 3) = 1/2.
  const GroupAdvantages result = Compute({Right(1), Wrong(0), Wrong(0), Wrong(0)});
  EXPECT_EQ(result.signal, GroupSignal::kInformative);
  EXPECT_DOUBLE_EQ(result.mean, 0.25);
  EXPECT_DOUBLE_EQ(result.deviation, 0.5);
  const float low = static_cast<float>(-0.25 / 0.5001);
  EXPECT_THAT(result.advantages, ElementsAre(static_cast<float>(0.75 / 0.5001), low, low, low));
}

TEST(Advantages, LeaveMaskedMembersOutOfMeanAndDeviation) {
  const GroupAdvantages with = Compute({Right(1), Masked(), Wrong(0), Masked(), Wrong(0)});
  const GroupAdvantages without = Compute({Right(1), Wrong(0), Wrong(0)});
  EXPECT_EQ(with.scored, 3);
  EXPECT_EQ(with.mean, without.mean);
  EXPECT_EQ(with.deviation, without.deviation);
  EXPECT_THAT(with.advantages, ElementsAre(without.advantages[0], 0.0f, without.advantages[1], 0.0f,
                                           without.advantages[2]));
}

TEST(Advantages, MaskAGroupWithTooFewScoredMembers) {
  AdvantageOptions options;
  options.min_group = 3;
  const GroupAdvantages result = Compute({Right(1), Wrong(0), Masked(), Masked()}, options);
  EXPECT_EQ(result.signal, GroupSignal::kMasked);
  EXPECT_EQ(result.scored, 2);
  EXPECT_THAT(result.advantages, ElementsAre(0.0f, 0.0f, 0.0f, 0.0f));
}

TEST(Advantages, NeedTwoScoredMembersWhateverTheOptionSays) {
  AdvantageOptions options;
  options.min_group = 0;
  EXPECT_EQ(Compute({Right(1), Masked()}, options).signal, GroupSignal::kMasked);
  EXPECT_EQ(Compute({Masked(), Masked()}, options).signal, GroupSignal::kMasked);
  EXPECT_EQ(Compute({}, options).signal, GroupSignal::kMasked);
}

TEST(Advantages, NameTheCauseWhenAllRewardsAreEqual) {
  EXPECT_EQ(Compute({Right(1), Right(1)}).signal, GroupSignal::kAllRight);
  EXPECT_EQ(Compute({Wrong(0.1f), Wrong(0.1f)}).signal, GroupSignal::kAllWrong);
  EXPECT_EQ(Compute({Right(0.5f), Wrong(0.5f)}).signal, GroupSignal::kEqual);
  // A masked member's flag says nothing.
  EXPECT_EQ(Compute({Right(1), Right(1), Masked()}).signal, GroupSignal::kAllRight);
}

TEST(Advantages, OfEqualRewardsAreZeroDespiteTheRoundingOfTheirMean) {
  const GroupAdvantages result = Compute({Wrong(0.1f), Wrong(0.1f), Wrong(0.1f)});
  EXPECT_EQ(result.deviation, 0.0);
  EXPECT_THAT(result.advantages, ElementsAre(0.0f, 0.0f, 0.0f));
}

TEST(Advantages, TreatARewardThatIsNotFiniteAsMissing) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  const GroupAdvantages result = Compute({Right(1), Wrong(nan), Wrong(0), Wrong(infinity)});
  EXPECT_EQ(result.scored, 2);
  EXPECT_EQ(result.advantages[1], 0.0f);
  EXPECT_EQ(result.advantages[3], 0.0f);
}

TEST(Advantages, WithoutTheDeviationAreTheDistanceFromTheMean) {
  AdvantageOptions options;
  options.divide_by_deviation = false;
  EXPECT_THAT(Compute({Right(1), Wrong(0), Wrong(0), Wrong(0)}, options).advantages,
              ElementsAre(0.75f, -0.25f, -0.25f, -0.25f));
}

TEST(Advantages, StayBoundedWhenRewardsBarelyDiffer) {
  const GroupAdvantages result = Compute({Wrong(0.1f), Wrong(0.1f + 1e-7f)});
  EXPECT_EQ(result.signal, GroupSignal::kInformative);
  EXPECT_THAT(result.advantages, ElementsAre(FloatNear(0, 1e-3f), FloatNear(0, 1e-3f)));
}

}  // namespace
}  // namespace cohort
