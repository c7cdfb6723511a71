#include "learner/group_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cohort {
namespace {

using ::testing::ElementsAre;

GroupSample Member(size_t tokens, bool right) {
  Scored scored;
  scored.rollout.tokens.assign(tokens, 5);
  scored.outcome =
      *Outcome::Scored(OutcomeReason::kGraded, {{"answer", right ? 1.0 : 0.0, 1.0}}, right, "said");
  return {std::make_shared<const Scored>(std::move(scored)), std::nullopt, ""};
}

std::vector<double> Rewards(const Group& group) {
  std::vector<double> rewards;
  for (const GroupSample& sample : group.samples) {
    const bool scored = sample.scored && sample.scored->outcome.scored();
    rewards.push_back(scored ? *sample.scored->outcome.reward() : -9);
  }
  return rewards;
}

TEST(ShapeGroup, LeavesAGroupAloneWithoutAWeight) {
  Group group;
  group.samples = {Member(10, true), Member(20, false)};
  const auto before = group.samples[0].scored;
  ShapeGroup(RouteConfig{}, group);
  EXPECT_EQ(group.samples[0].scored, before);
}

TEST(ShapeGroup, AddsKimisLengthValueToWhatWasScored) {
  RouteConfig route;
  route.length_weight = 0.2;
  Group group;
  Scored masked;
  masked.rollout.tokens.assign(500, 5);  // the longest, but nobody knows what it is worth
  masked.outcome = Outcome::Masked(OutcomeReason::kGraderCrashed, "gone");
  group.samples = {Member(10, true),
                   Member(20, true),
                   Member(30, true),
                   Member(10, false),
                   Member(30, false),
                   {std::make_shared<const Scored>(masked), std::nullopt, ""},
                   {nullptr, EndReason::kDead, "dead"}};
  ShapeGroup(route, group);
  // λ = .5, 0, −.5 for 10, 20, 30 tokens; a wrong answer gains nothing by being short.
  EXPECT_THAT(Rewards(group), ElementsAre(1.1, 1.0, 0.9, 0.0, -0.1, -9, -9));
  const Outcome& outcome = group.samples[0].scored->outcome;
  EXPECT_THAT(outcome.components(), ElementsAre(RewardComponent{"answer", 1, 1},
                                                RewardComponent{"group_length", 0.5, 0.2}));
  EXPECT_TRUE(outcome.correct());
  EXPECT_EQ(outcome.detail(), "said");
  EXPECT_EQ(group.samples[5].scored->outcome, masked.outcome);
}

}  // namespace
}  // namespace cohort
