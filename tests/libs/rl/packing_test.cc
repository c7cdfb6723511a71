#include "libs/rl/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/base/rng.h"

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Packing, CountsAPromptOnceAndNoRowForLastTokens) {
  const std::vector<MicroBatch> batches =
      PackGroups(std::vector<GroupShape>{{44, {15, 15, 1}}}, 100);
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].rows, 44 + 14 + 14 + 0);
  EXPECT_THAT(batches[0].pieces, ElementsAre(PackedPiece{0, 0, 3}));
}

TEST(Packing, FillsTheBudgetToTheRow) {
  const std::vector<GroupShape> groups = {{10, {6, 6}}, {10, {6}}};
  EXPECT_EQ(PackGroups(groups, 35).size(), 1u);
  EXPECT_EQ(PackGroups(groups, 34).size(), 2u);
}

TEST(Packing, ContinuesAGroupBehindAnotherCopyOfItsPrompt) {
  const std::vector<MicroBatch> batches =
      PackGroups(std::vector<GroupShape>{{10, {11, 11, 11}}}, 30);
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_THAT(batches[0].pieces, ElementsAre(PackedPiece{0, 0, 2}));
  EXPECT_EQ(batches[0].rows, 30);
  EXPECT_THAT(batches[1].pieces, ElementsAre(PackedPiece{0, 2, 1}));
  EXPECT_EQ(batches[1].rows, 20);
}

TEST(Packing, GivesACompletionAboveTheBudgetAMicroBatchOfItsOwn) {
  const std::vector<GroupShape> groups = {{5, {3}}, {5, {100}}, {5, {3}}};
  const std::vector<MicroBatch> batches = PackGroups(groups, 20);
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[1].rows, 104);
}

TEST(Packing, LeavesOutGroupsWithoutCompletions) {
  EXPECT_THAT(PackGroups(std::vector<GroupShape>{{5, {}}}, 20), IsEmpty());
  EXPECT_THAT(PackGroups({}, 20), IsEmpty());
}

TEST(Packing, HoldsEveryCompletionOnceInOrderUnderTheBudget) {
  Rng rng(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<GroupShape> groups(rng.Below(12));
    for (GroupShape& group : groups) {
      group.prompt = 1 + static_cast<int64_t>(rng.Below(30));
      for (uint64_t n = rng.Below(9); n > 0; --n) {
        group.completions.push_back(1 + static_cast<int64_t>(rng.Below(40)));
      }
    }
    std::vector<std::pair<size_t, size_t>> expected, seen;
    for (size_t g = 0; g < groups.size(); ++g) {
      for (size_t c = 0; c < groups[g].completions.size(); ++c) expected.emplace_back(g, c);
    }
    const int64_t budget = 70;  // the longest completion with its prompt: 30 + 39
    for (const MicroBatch& batch : PackGroups(groups, budget)) {
      int64_t rows = 0;
      for (const PackedPiece& piece : batch.pieces) {
        rows += groups[piece.group].prompt;
        for (size_t c = piece.first; c < piece.first + piece.count; ++c) {
          rows += groups[piece.group].completions[c] - 1;
          seen.emplace_back(piece.group, c);
        }
      }
      EXPECT_EQ(rows, batch.rows);
      EXPECT_LE(rows, budget);
    }
    EXPECT_EQ(seen, expected);
  }
}

}  // namespace
}  // namespace cohort
