#include "libs/model/decoder.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/model/head.h"
#include "tests/libs/model/tiny_models.h"

namespace cohort {
namespace {

using testing::HasSubstr;

class DecoderTest : public testing::Test {
 protected:
  std::shared_ptr<const PromptCache> Prefilled(const std::vector<int32_t>& prompt) {
    auto result = decoder_->Prefill(*weights_, Prompts{prompt});
    EXPECT_TRUE(result.ok());
    return result->prompts[0];
  }
  at::Tensor DecodeOne(const ComputeWeights& weights, SampleCache& sample, int32_t token) {
    const DecodeRow row{&sample, token};
    auto hidden = decoder_->Decode(weights, std::span(&row, 1));
    EXPECT_TRUE(hidden.ok()) << hidden.status().ToString();
    return *hidden;
  }

  MasterWeights masters_ = MasterWeights::Random(OddModel(), /*seed=*/1);
  std::shared_ptr<const ComputeWeights> weights_ =
      MakeComputeWeights(masters_, DType::kFloat32, Gradients::kNone);
  std::shared_ptr<const Decoder> decoder_ = *Decoder::Create(masters_.config(), DType::kFloat32);
};

TEST_F(DecoderTest, CachesSurviveAChangeOfWeights) {
  const MasterWeights others = MasterWeights::Random(OddModel(), /*seed=*/2);
  auto changed = MakeComputeWeights(others, DType::kFloat32, Gradients::kNone);
  auto prompt = Prefilled({1, 2, 3});
  SampleCache mixed(prompt), pure(prompt);
  DecodeOne(*weights_, mixed, 4);
  DecodeOne(*weights_, pure, 4);
  const at::Tensor after_change = DecodeOne(*changed, mixed, 5);
  EXPECT_EQ(mixed.length(), 2);
  EXPECT_TRUE(at::isfinite(after_change).all().item<bool>());
  EXPECT_FALSE(at::equal(after_change, DecodeOne(*weights_, pure, 5)));
}

TEST_F(DecoderTest, SiblingsDoNotSeeEachOther) {
  auto prompt = Prefilled({1, 2, 3});
  SampleCache alone(prompt), beside(prompt), other(prompt);
  const at::Tensor wanted = DecodeOne(*weights_, alone, 7);
  const DecodeRow rows[] = {{&other, 9}, {&beside, 7}};
  auto hidden = decoder_->Decode(*weights_, rows);
  ASSERT_TRUE(hidden.ok());
  EXPECT_TRUE(at::equal((*hidden)[1], wanted[0]));
  EXPECT_FALSE(at::equal((*hidden)[0], wanted[0]));
}

TEST_F(DecoderTest, CountsTheMemoryOfItsCaches) {
  auto prompt = Prefilled(std::vector<int32_t>(65, 1));
  EXPECT_EQ(prompt->length(), 65);
  EXPECT_EQ(prompt->bytes(), 2 * decoder_->CacheBlockBytes());
  SampleCache sample(prompt);
  EXPECT_EQ(sample.bytes(), 0);
  for (int i = 0; i < 64; ++i) DecodeOne(*weights_, sample, 1);
  EXPECT_EQ(sample.bytes(), decoder_->CacheBlockBytes());
  DecodeOne(*weights_, sample, 1);
  EXPECT_EQ(sample.bytes(), 2 * decoder_->CacheBlockBytes());
}

TEST_F(DecoderTest, RefusesBadStepsAndLeavesTheCachesAsTheyWere) {
  auto prompt = Prefilled({1, 2, 3});
  SampleCache sample(prompt);
  const auto message = [&](std::vector<DecodeRow> rows) {
    return decoder_->Decode(*weights_, rows).status().message();
  };
  EXPECT_THAT(message({{&sample, 83}}), HasSubstr("outside the vocabulary"));
  EXPECT_THAT(message({{&sample, -1}}), HasSubstr("outside the vocabulary"));
  EXPECT_THAT(message({{&sample, 1}, {&sample, 2}}), HasSubstr("twice"));
  EXPECT_EQ(sample.length(), 0);
  EXPECT_TRUE(decoder_->Decode(*weights_, {})->size(0) == 0);
}

TEST_F(DecoderTest, RefusesSequencesBeyondTheContext) {
  auto prompt = Prefilled(std::vector<int32_t>(511, 1));
  SampleCache sample(prompt);
  DecodeOne(*weights_, sample, 1);
  const DecodeRow row{&sample, 1};
  EXPECT_THAT(decoder_->Decode(*weights_, std::span(&row, 1)).status().message(),
              HasSubstr("context of 512"));
  EXPECT_THAT(
      decoder_->Prefill(*weights_, Prompts{std::vector<int32_t>(513, 1)}).status().message(),
      HasSubstr("context of 512"));
  EXPECT_THAT(decoder_->Prefill(*weights_, Prompts{{}}).status().message(),
              HasSubstr("at least one token"));
}

TEST_F(DecoderTest, RefusesBadPackedBatches) {
  const auto message = [&](const PackedBatch& batch) {
    return decoder_->Forward(*weights_, batch).status().message();
  };
  PackedBatch batch;
  EXPECT_THAT(message(batch), HasSubstr("no rows"));
  batch.Add(std::vector<int32_t>{1, 2});
  batch.Add(std::vector<int32_t>{3}, /*prefix=*/0);
  EXPECT_EQ(message(batch), "");
  PackedBatch chained = batch;
  chained.Add(std::vector<int32_t>{3}, /*prefix=*/1);
  EXPECT_THAT(message(chained), HasSubstr("segment 2 has a prefix with a prefix"));
  PackedBatch forward_prefix = batch;
  forward_prefix.segments[1].prefix = 1;
  EXPECT_THAT(message(forward_prefix), HasSubstr("not an earlier segment"));
  PackedBatch loose = batch;
  loose.tokens.push_back(1);
  EXPECT_THAT(message(loose), HasSubstr("behind the last segment"));
  PackedBatch unknown = batch;
  unknown.tokens[2] = 83;
  EXPECT_THAT(message(unknown), HasSubstr("segment 1 holds token 83"));
  PackedBatch too_long;
  too_long.Add(std::vector<int32_t>(500, 1));
  too_long.Add(std::vector<int32_t>(13, 1), /*prefix=*/0);
  EXPECT_THAT(message(too_long), HasSubstr("position 513"));
}

TEST_F(DecoderTest, RefusesWeightsOfAnotherModelOrType) {
  PackedBatch batch;
  batch.Add(std::vector<int32_t>{1, 2});
  auto rounded = MakeComputeWeights(masters_, DType::kBFloat16, Gradients::kNone);
  EXPECT_THAT(decoder_->Forward(*rounded, batch).status().message(), HasSubstr("another shape"));
  const MasterWeights others = MasterWeights::Random(CharacterModel(), /*seed=*/1);
  auto other = MakeComputeWeights(others, DType::kFloat32, Gradients::kNone);
  EXPECT_THAT(decoder_->Forward(*other, batch).status().message(), HasSubstr("another shape"));
  EXPECT_FALSE(Decoder::Create(masters_.config(), DType::kFloat16).ok());
}

}  // namespace
}  // namespace cohort
