#include "learner/age.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

std::shared_ptr<Scored> Judged() {
  auto scored = std::make_shared<Scored>();
  scored->rollout.prompt.issued_at = 100;
  scored->rollout.started_at = 101;
  scored->rollout.finished_at = 103;
  scored->received_at = 107;
  scored->scored_at = 115;
  return scored;
}

TEST(Age, ItsPartsSumToTheTimeSinceTheIssue) {
  const AgeParts parts = AgeOf(*Judged(), 131);
  EXPECT_EQ(parts.queue, 1 + 4);
  EXPECT_EQ(parts.generation, 2);
  EXPECT_EQ(parts.reward, 8);
  EXPECT_EQ(parts.assembly, 16);
  EXPECT_EQ(parts.total(), 131 - 100);
}

TEST(Age, ClocksThatDifferMakeNoPartNegative) {
  const auto scored = Judged();
  scored->received_at = 102;  // before the rollout was finished
  const AgeParts parts = AgeOf(*scored, 110);
  EXPECT_EQ(parts.queue, 1);
  EXPECT_EQ(parts.assembly, 0);
}

TEST(Age, AGroupsIsTheMeanOverItsJudgedSamples) {
  Group group;
  group.samples.resize(3);
  EXPECT_FALSE(AgeOf(group, 131));
  group.samples[0].scored = Judged();
  const auto later = Judged();
  later->scored_at = 117;
  group.samples[2].scored = later;
  const std::optional<AgeParts> parts = AgeOf(group, 131);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->reward, 9);
  EXPECT_EQ(parts->total(), 31);
}

TEST(Age, RemembersTheLastGroups) {
  RecentAges ages;
  EXPECT_TRUE(ages.empty());
  AgeParts parts;
  for (size_t i = 0; i < RecentAges::kGroups; ++i) ages.Add(parts, 1);
  EXPECT_EQ(ages.MeanPublications(), 1);
  parts.reward = 2;
  for (size_t i = 0; i < RecentAges::kGroups; ++i) ages.Add(parts, 5);
  EXPECT_EQ(ages.MeanPublications(), 5);
  EXPECT_NEAR(ages.MeanParts().reward, 2, 1e-12);
}

}  // namespace
}  // namespace cohort
