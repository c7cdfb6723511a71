// The decoder against transformers 5 in float64, on committed goldens.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "libs/checkpoint/hf_directory.h"
#include "libs/model/decoder.h"
#include "libs/model/head.h"
#include "tests/libs/model/golden.h"
#include "tests/libs/model/tiny_models.h"

namespace cohort {
namespace {

class ParityTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto path = SourceDirectory() / "tests/libs/model/goldens" / GetParam();
    auto directory = HfDirectory::Open(path);
    ASSERT_TRUE(directory.ok()) << directory.status().ToString();
    auto masters = MasterWeights::Load(*directory);
    ASSERT_TRUE(masters.ok());
    weights_ = MakeComputeWeights(*masters, DType::kFloat32, Gradients::kNone);
    decoder_ = *Decoder::Create(directory->config(), DType::kFloat32);
    golden_ = ReadGolden(path / "golden.safetensors");
    tokens_ = TokensOf(golden_.at("tokens"));
  }

  // The golden holds the logits of each third row.
  double LargestDifference(const at::Tensor& hidden, int64_t first_row) {
    const at::Tensor logits = HeadLogits(*weights_, hidden);
    double largest = 0;
    for (int64_t i = 0; i < logits.size(0); ++i) {
      if ((first_row + i) % 3 != 0) continue;
      const at::Tensor expected = golden_.at("logits")[(first_row + i) / 3];
      largest = std::max(largest, (logits[i] - expected).abs().max().item<double>());
    }
    return largest;
  }

  // Float32 against float64 over two layers; logits are of size 1.
  static constexpr double kTolerance = 1e-5;

  std::shared_ptr<const ComputeWeights> weights_;
  std::shared_ptr<const Decoder> decoder_;
  std::map<std::string, at::Tensor> golden_;
  std::vector<int32_t> tokens_;
};

TEST_P(ParityTest, PackedForwardGivesTheLogits) {
  PackedBatch batch;
  batch.Add(tokens_);
  auto hidden = decoder_->Forward(*weights_, batch);
  ASSERT_TRUE(hidden.ok());
  EXPECT_LE(LargestDifference(*hidden, 0), kTolerance);
}

TEST_P(ParityTest, AContinuationOfASharedPromptGivesTheLogits) {
  for (const size_t prompt : {1u, 63u, 64u, 65u, 100u}) {
    PackedBatch batch;
    const std::span all(tokens_);
    const int64_t prefix = batch.Add(all.first(prompt));
    batch.Add(all.subspan(prompt), prefix);
    batch.Add(all.subspan(prompt), prefix);
    auto hidden = decoder_->Forward(*weights_, batch);
    ASSERT_TRUE(hidden.ok());
    const auto rows = static_cast<int64_t>(all.size());
    const auto start = static_cast<int64_t>(prompt);
    EXPECT_LE(LargestDifference(hidden->narrow(0, 0, rows), 0), kTolerance) << prompt;
    EXPECT_LE(LargestDifference(hidden->narrow(0, rows, rows - start), start), kTolerance);
  }
}

TEST_P(ParityTest, PrefillAndCachedDecodeGiveTheLogits) {
  for (const size_t prompt : {1u, 64u, 70u}) {
    const std::vector<int32_t> start(tokens_.begin(), tokens_.begin() + static_cast<long>(prompt));
    auto prefilled = decoder_->Prefill(*weights_, Prompts{start});
    ASSERT_TRUE(prefilled.ok());
    EXPECT_LE(LargestDifference(prefilled->hidden, static_cast<int64_t>(prompt) - 1), kTolerance);
    SampleCache sample(prefilled->prompts[0]);
    for (size_t i = prompt; i < tokens_.size(); ++i) {
      const DecodeRow row{&sample, tokens_[i]};
      auto hidden = decoder_->Decode(*weights_, std::span(&row, 1));
      ASSERT_TRUE(hidden.ok());
      ASSERT_LE(LargestDifference(*hidden, static_cast<int64_t>(i)), kTolerance) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(TinyLlamas, ParityTest, testing::Values("tied", "untied", "plain"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace cohort
