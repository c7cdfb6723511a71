#include "libs/model/row_classes.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <numeric>

#include "libs/model/torch_types.h"

namespace cohort {
namespace {

TEST(RowLadderTest, SplitCoversTheRowsWithBlocksOfItsCounts) {
  for (const RowLadder& ladder :
       {RowLadder{{16, 32, 64, 256, 1024}}, RowLadder{{64}}, RowLadder{{48, 96, 512}}}) {
    for (int64_t rows = 1; rows < 3000; rows += rows < 200 ? 1 : 37) {
      const auto blocks = ladder.Split(rows);
      const int64_t sum = std::accumulate(blocks.begin(), blocks.end(), int64_t{0});
      ASSERT_GE(sum, rows);
      ASSERT_LT(sum - blocks.back(), rows) << "only the last block may be padded";
      for (int64_t block : blocks) {
        ASSERT_NE(std::find(ladder.counts.begin(), ladder.counts.end(), block),
                  ladder.counts.end());
      }
    }
    EXPECT_TRUE(ladder.Split(0).empty());
  }
}

TEST(RowLadderTest, SplitPrefersFewBlocksToAFewPaddedRows) {
  const RowLadder ladder{{16, 32, 48, 64, 128, 256, 512, 1024}};
  EXPECT_EQ(ladder.Split(33), std::vector<int64_t>{48});
  EXPECT_EQ(ladder.Split(64), std::vector<int64_t>{64});
  EXPECT_EQ(ladder.Split(1500), (std::vector<int64_t>{1024, 512}));
}

class RowClassesTest : public testing::TestWithParam<DType> {};

TEST_P(RowClassesTest, LadderGivesARowItsBitsInEveryBlockAndPlace) {
  const int64_t outputs = 172, inputs = 64, rows = 1500;
  const RowLadder ladder = FindRowLadder(outputs, inputs, GetParam());
  ASSERT_TRUE(ladder.same_bits);
  ASSERT_FALSE(ladder.counts.empty());
  at::manual_seed(3);
  const at::Tensor x = at::randn({rows, inputs}).to(ToScalarType(GetParam()));
  const at::Tensor w = at::randn({outputs, inputs}).to(ToScalarType(GetParam()));
  const at::Tensor whole = BlockedLinear(x, w, ladder);
  for (int64_t first = 0, length = 1; first + length <= rows; first += 97, length += 13) {
    const at::Tensor part = BlockedLinear(x.narrow(0, first, length), w, ladder);
    EXPECT_TRUE(at::equal(part, whole.narrow(0, first, length))) << first << " " << length;
  }
  const at::Tensor exact = at::mm(x.to(at::kDouble), w.to(at::kDouble).t());
  EXPECT_TRUE(at::allclose(whole.to(at::kDouble), exact,
                           GetParam() == DType::kFloat32 ? 1e-5 : 1e-2,
                           GetParam() == DType::kFloat32 ? 1e-4 : 1e-1));
}

TEST_P(RowClassesTest, FindsTheSameClassesAgain) {
  EXPECT_EQ(FindRowLadder(96, 48, GetParam()).counts, FindRowLadder(96, 48, GetParam()).counts);
}

INSTANTIATE_TEST_SUITE_P(Types, RowClassesTest, testing::Values(DType::kFloat32, DType::kBFloat16),
                         [](const auto& info) { return std::string(DTypeName(info.param)); });

}  // namespace
}  // namespace cohort
