// The decoder on SmolLM2-135M-Instruct: parity with transformers, and the same bits. Goldens are
// made by make_goldens.py when they are absent.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "libs/checkpoint/hf_directory.h"
#include "libs/model/compute_settings.h"
#include "tests/libs/model/golden.h"
#include "tests/libs/model/same_bits.h"
#include "tests/libs/model/tiny_models.h"

namespace cohort {
namespace {

class SmolLm2Test : public testing::Test {
 protected:
  static void SetUpTestSuite() { ApplyComputeSettings(/*threads=*/1); }

  void SetUp() override {
    const auto path = SourceDirectory() / "models/smollm2";
    if (!std::filesystem::exists(path / "model.safetensors")) {
      GTEST_SKIP() << "SKIPPED: " << path << " is absent; scripts/make_smollm2.py makes it";
    }
    auto directory = HfDirectory::Open(path);
    ASSERT_TRUE(directory.ok()) << directory.status().ToString();
    auto masters = MasterWeights::Load(*directory);
    ASSERT_TRUE(masters.ok());
    masters_ = std::make_unique<MasterWeights>(*std::move(masters));
  }

  std::unique_ptr<MasterWeights> masters_;
};

TEST_F(SmolLm2Test, LogitsAndGreedyTokensAreThoseOfTransformers) {
  const auto source = SourceDirectory();
  const auto path = source / "models/smollm2_golden.safetensors";
  if (!std::filesystem::exists(path)) {
    const std::string command = "cd '" + source.string() +
                                "' && .venv/bin/python tests/libs/model/make_goldens.py smollm2 "
                                "models/smollm2 '" +
                                path.string() + "'";
    if (std::system(command.c_str()) != 0) {
      GTEST_SKIP() << "SKIPPED: the goldens cannot be made here: " << command;
    }
  }
  auto golden = ReadGolden(path);
  const auto tokens = TokensOf(golden.at("tokens"));
  const auto prompt_length = static_cast<size_t>(golden.at("prompt_length")[0].item<int64_t>());
  auto weights = MakeComputeWeights(*masters_, DType::kFloat32, Gradients::kNone);
  auto decoder = *Decoder::Create(masters_->config(), DType::kFloat32);
  // Thirty layers in float32; transformers' own float32 differs from its float64 by 1.2e-4.
  constexpr double kTolerance = 3e-4;
  const at::Tensor rows = golden.at("rows");
  const auto difference = [&](const at::Tensor& hidden, int64_t row) {
    const at::Tensor place = (rows == row).nonzero();
    if (place.size(0) == 0) return 0.0;
    const at::Tensor expected = golden.at("logits")[place[0][0].item<int64_t>()];
    return (HeadLogits(*weights, hidden.unsqueeze(0))[0] - expected).abs().max().item<double>();
  };

  PackedBatch batch;
  batch.Add(tokens);
  const at::Tensor hidden = *decoder->Forward(*weights, batch);
  double largest = 0;
  for (int64_t r = 0; r < hidden.size(0); ++r)
    largest = std::max(largest, difference(hidden[r], r));
  EXPECT_LE(largest, kTolerance) << "packed forward";

  const std::vector<int32_t> prompt(tokens.begin(),
                                    tokens.begin() + static_cast<long>(prompt_length));
  auto prefilled = decoder->Prefill(*weights, Prompts{prompt});
  ASSERT_TRUE(prefilled.ok());
  SampleCache sample(prefilled->prompts[0]);
  at::Tensor last = prefilled->hidden;
  largest = difference(last[0], static_cast<int64_t>(prompt_length) - 1);
  for (size_t i = prompt_length; i < tokens.size(); ++i) {
    const at::Tensor logits = HeadLogits(*weights, last);
    const auto best = ArgmaxOfRow(
        {logits.const_data_ptr<float>(), static_cast<size_t>(masters_->config().vocab_size)});
    const float margin =
        golden.at("margins")[static_cast<int64_t>(i - prompt_length)].item<float>();
    if (margin >= 1e-3f) {
      ASSERT_EQ(best, tokens[i]) << "step " << i - prompt_length;
    }
    const DecodeRow row{&sample, tokens[i]};
    last = *decoder->Decode(*weights, std::span(&row, 1));
    largest = std::max(largest, difference(last[0], static_cast<int64_t>(i)));
  }
  EXPECT_LE(largest, kTolerance) << "cached decode";
}

TEST_F(SmolLm2Test, DecodeAndTrainingAgreeToTheBitInBFloat16) {
  auto decoder = *Decoder::Create(masters_->config(), DType::kBFloat16);
  EXPECT_TRUE(decoder->ladders().same_bits());
  auto received = *MakeComputeWeights(masters_->config(), masters_->ToBuffer(DType::kBFloat16));
  const RolloutPlan plan{
      .groups = 40, .group_size = 8, .concurrent = 96, .prompt_below = 90, .completion_below = 72};
  const auto groups = Roll(*decoder, *received, plan, /*seed=*/2);
  auto own = MakeComputeWeights(*masters_, DType::kBFloat16, Gradients::kToMasters);
  const Comparison result = Compare(*decoder, *own, groups, /*most_rows=*/1000, plan.temperature);
  EXPECT_GE(result.tokens, 10'000);
  EXPECT_EQ(result.differing, 0) << "of " << result.tokens;
}

TEST_F(SmolLm2Test, DecodeAndTrainingAgreeToTheBitInFloat32) {
  auto decoder = *Decoder::Create(masters_->config(), DType::kFloat32);
  auto received = *MakeComputeWeights(masters_->config(), masters_->ToBuffer(DType::kFloat32));
  const RolloutPlan plan{
      .groups = 40, .group_size = 8, .concurrent = 96, .prompt_below = 90, .completion_below = 72};
  const auto groups = Roll(*decoder, *received, plan, /*seed=*/3);
  auto own = MakeComputeWeights(*masters_, DType::kFloat32, Gradients::kToMasters);
  const Comparison result = Compare(*decoder, *own, groups, /*most_rows=*/1000, plan.temperature);
  EXPECT_GE(result.tokens, 10'000);
  EXPECT_EQ(result.differing, 0) << "of " << result.tokens;
}

}  // namespace
}  // namespace cohort
