// Cached decode and packed training forward give the same token the same log-probability to the
// bit.
#include "tests/libs/model/same_bits.h"

#include <gtest/gtest.h>

#include "tests/libs/model/tiny_models.h"

namespace cohort {
namespace {

class SameBitsTest : public testing::TestWithParam<DType> {};

TEST_P(SameBitsTest, OfACharacterModelInAnyCompany) {
  const MasterWeights masters = MasterWeights::Random(CharacterModel(), /*seed=*/1);
  auto decoder = *Decoder::Create(masters.config(), GetParam());
  auto received = *MakeComputeWeights(masters.config(), masters.ToBuffer(GetParam()));
  const RolloutPlan plan{.groups = 60,
                         .group_size = 8,
                         .concurrent = 128,
                         .prompt_below = 100,
                         .completion_below = 90,
                         .temperature = 0.8};
  const auto groups = Roll(*decoder, *received, plan, /*seed=*/2);
  auto own = MakeComputeWeights(masters, GetParam(), Gradients::kToMasters);
  for (int64_t most_rows : {500, 4000}) {
    const Comparison result = Compare(*decoder, *own, groups, most_rows, plan.temperature);
    EXPECT_GE(result.tokens, 10'000);
    EXPECT_EQ(result.differing, 0) << "of " << result.tokens;
  }
}

TEST_P(SameBitsTest, OfAModelWithOddSizes) {
  const MasterWeights masters = MasterWeights::Random(OddModel(), /*seed=*/3);
  auto decoder = *Decoder::Create(masters.config(), GetParam());
  auto received = *MakeComputeWeights(masters.config(), masters.ToBuffer(GetParam()));
  const RolloutPlan plan{.groups = 20,
                         .group_size = 5,
                         .concurrent = 47,
                         .prompt_below = 150,
                         .completion_below = 140};
  const auto groups = Roll(*decoder, *received, plan, /*seed=*/4);
  auto own = MakeComputeWeights(masters, GetParam(), Gradients::kToMasters);
  const Comparison result = Compare(*decoder, *own, groups, /*most_rows=*/1000, plan.temperature);
  EXPECT_GE(result.tokens, 5'000);
  EXPECT_EQ(result.differing, 0) << "of " << result.tokens;
}

TEST_P(SameBitsTest, CompareFindsAChangedWeight) {
  const MasterWeights masters = MasterWeights::Random(CharacterModel(), /*seed=*/5);
  auto decoder = *Decoder::Create(masters.config(), GetParam());
  auto received = *MakeComputeWeights(masters.config(), masters.ToBuffer(GetParam()));
  const RolloutPlan plan{
      .groups = 2, .group_size = 4, .concurrent = 8, .prompt_below = 9, .completion_below = 20};
  const auto groups = Roll(*decoder, *received, plan, /*seed=*/6);
  {
    const at::NoGradGuard no_grad;
    masters.Get("model.layers.0.mlp.down_proj.weight").mul_(1.01);
  }
  auto own = MakeComputeWeights(masters, GetParam(), Gradients::kToMasters);
  EXPECT_GT(Compare(*decoder, *own, groups, /*most_rows=*/1000, 1.0).differing, 0);
}

INSTANTIATE_TEST_SUITE_P(Types, SameBitsTest, testing::Values(DType::kFloat32, DType::kBFloat16),
                         [](const auto& info) { return std::string(DTypeName(info.param)); });

}  // namespace
}  // namespace cohort
