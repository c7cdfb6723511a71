#include "learner/group_assembly.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cohort {
namespace {

constexpr uint64_t kRun = 9;
const uint64_t kSpace = TrainingSpace(0);

TaskId Sample(uint64_t cursor, uint32_t sample) {
  return TaskId{kRun, kSpace, cursor, 0}.Sample(sample);
}

std::shared_ptr<const Scored> ScoredSample(double reward) {
  auto scored = std::make_shared<Scored>();
  scored->outcome =
      *Outcome::Scored(OutcomeReason::kGraded, {{"answer", reward, 1.0}}, reward == 1.0);
  return scored;
}

class GroupAssemblyTest : public testing::Test {
 protected:
  GroupAssembly assembly_{[](uint64_t) { return 4u; }};
};

TEST_F(GroupAssemblyTest, CompletesWhateverTheOrderOfArrival) {
  std::vector<uint32_t> order = {0, 1, 2, 3};
  uint64_t cursor = 0;
  do {
    for (size_t i = 0; i < order.size(); ++i) {
      EXPECT_FALSE(assembly_.IsComplete({kSpace, cursor}));
      ASSERT_TRUE(
          assembly_.AddScored(Sample(cursor, order[i]), {1, i, 1}, ScoredSample(order[i])).ok());
    }
    ASSERT_TRUE(assembly_.IsComplete({kSpace, cursor}));
    const Group group = assembly_.Take({kSpace, cursor});
    for (uint32_t i = 0; i < 4; ++i) EXPECT_EQ(*group.samples[i].scored->outcome.reward(), i);
    ++cursor;
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(GroupAssemblyTest, KeepsTheFirstOutcomeAndTheNewestLeaseOfADuplicate) {
  ASSERT_TRUE(assembly_.AddScored(Sample(0, 0), {1, 10, 1}, ScoredSample(1)).ok());
  const auto added = assembly_.AddScored(Sample(0, 0), {1, 11, 2}, ScoredSample(0));
  ASSERT_TRUE(added.ok());
  EXPECT_EQ(*added, GroupAssembly::Added::kDuplicate);
  const Group group = assembly_.Take({kSpace, 0});
  EXPECT_EQ(*group.samples[0].scored->outcome.reward(), 1);
  EXPECT_EQ(group.leases.at(Sample(0, 0)).lease, 11u);
}

TEST_F(GroupAssemblyTest, APromptsObituaryStandsForTheSamplesThatWereNotEmitted) {
  const TaskId prompt{kRun, kSpace, 5, 0};
  ASSERT_TRUE(
      assembly_.AddObituary(prompt, {1, 1, 1}, {EndReason::kDead, "lost 3 times", {Sample(5, 2)}})
          .ok());
  EXPECT_FALSE(assembly_.IsComplete({kSpace, 5}));
  ASSERT_TRUE(assembly_.AddScored(Sample(5, 2), {1, 2, 1}, ScoredSample(1)).ok());
  ASSERT_TRUE(assembly_.IsComplete({kSpace, 5}));
  const Group group = assembly_.Take({kSpace, 5});
  EXPECT_EQ(group.scored(), 1u);
  EXPECT_EQ(group.samples[0].end, EndReason::kDead);
  EXPECT_EQ(group.leases.size(), 2u);
}

TEST_F(GroupAssemblyTest, RefusesSamplesOutsideTheGroup) {
  EXPECT_FALSE(assembly_.AddScored(Sample(0, 4), {1, 1, 1}, ScoredSample(1)).ok());
  EXPECT_FALSE(assembly_.AddScored({kRun, kSpace, 0, 0}, {1, 1, 1}, ScoredSample(1)).ok());
  EXPECT_FALSE(assembly_.AddObituary(Sample(0, 9), {1, 1, 1}, {}).ok());
}

}  // namespace
}  // namespace cohort
