// Masters, publications and compute weights: the same numbers on every way.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "libs/checkpoint/hf_directory.h"
#include "libs/model/compute_weights.h"
#include "libs/model/master_weights.h"
#include "tests/libs/model/tiny_models.h"

namespace cohort {
namespace {

using testing::HasSubstr;

class WeightsTest : public testing::Test {
 protected:
  WeightsTest()
      : directory_(std::filesystem::temp_directory_path() /
                   ("cohort-weights-test-" + std::to_string(getpid()))) {}
  ~WeightsTest() override {
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
  }

  std::filesystem::path directory_;
  MasterWeights masters_ = MasterWeights::Random(OddModel(), /*seed=*/1);
};

TEST_F(WeightsTest, ACheckpointOpensAgainWithTheSameBits) {
  ASSERT_TRUE(WriteHfDirectory(directory_, masters_.config(), masters_.Views(), {}).ok());
  auto directory = HfDirectory::Open(directory_);
  ASSERT_TRUE(directory.ok()) << directory.status().ToString();
  auto loaded = MasterWeights::Load(*directory);
  ASSERT_TRUE(loaded.ok());
  for (const auto& [name, tensor] : masters_.tensors()) {
    EXPECT_TRUE(at::equal(tensor, loaded->Get(name))) << name;
    EXPECT_TRUE(loaded->Get(name).requires_grad());
  }
}

TEST_F(WeightsTest, RoundedWeightsOpenWidened) {
  const WeightsBuffer buffer = masters_.ToBuffer(DType::kBFloat16);
  std::vector<TensorView> views;
  for (const TensorEntry& entry : buffer.manifest.tensors) {
    views.push_back(
        {entry.name, entry.dtype, entry.shape, buffer.bytes().subspan(entry.offset, entry.bytes)});
  }
  ASSERT_TRUE(WriteHfDirectory(directory_, masters_.config(), views, {}).ok());
  auto loaded = MasterWeights::Load(*HfDirectory::Open(directory_));
  ASSERT_TRUE(loaded.ok());
  for (const auto& [name, tensor] : masters_.tensors()) {
    EXPECT_TRUE(at::equal(tensor.to(at::kBFloat16).to(at::kFloat), loaded->Get(name))) << name;
  }
}

TEST_F(WeightsTest, APublicationGivesTheLearnersComputeWeights) {
  for (DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    auto own = MakeComputeWeights(masters_, dtype, Gradients::kToMasters);
    auto received = MakeComputeWeights(masters_.config(), masters_.ToBuffer(dtype));
    ASSERT_TRUE(received.ok()) << received.status().ToString();
    const ComputeWeights& a = *own;
    const ComputeWeights& b = **received;
    EXPECT_TRUE(at::equal(a.embedding, b.embedding));
    EXPECT_TRUE(at::equal(a.head, b.head));
    EXPECT_TRUE(at::equal(a.final_norm, b.final_norm));
    for (size_t i = 0; i < a.layers.size(); ++i) {
      EXPECT_TRUE(at::equal(a.layers[i].qkv, b.layers[i].qkv));
      EXPECT_TRUE(at::equal(a.layers[i].output, b.layers[i].output));
      EXPECT_TRUE(at::equal(a.layers[i].gate_up, b.layers[i].gate_up));
      EXPECT_TRUE(at::equal(a.layers[i].down, b.layers[i].down));
      EXPECT_TRUE(at::equal(a.layers[i].input_norm, b.layers[i].input_norm));
      EXPECT_TRUE(at::equal(a.layers[i].post_norm, b.layers[i].post_norm));
    }
    EXPECT_TRUE(a.layers[0].qkv.requires_grad());
    EXPECT_FALSE(b.layers[0].qkv.requires_grad());
  }
}

TEST_F(WeightsTest, ComputeWeightsKeepTheirNumbersWhenMastersChange) {
  auto before = MakeComputeWeights(masters_, DType::kFloat32, Gradients::kNone);
  const at::Tensor kept = before->layers[1].down.clone();
  const at::NoGradGuard no_grad;
  masters_.Get("model.layers.1.mlp.down_proj.weight").add_(1.0);
  EXPECT_TRUE(at::equal(before->layers[1].down, kept));
}

TEST_F(WeightsTest, RefusesAPublicationOfAnotherModel) {
  WeightsBuffer buffer = masters_.ToBuffer(DType::kBFloat16);
  EXPECT_THAT(MakeComputeWeights(CharacterModel(), buffer).status().message(),
              HasSubstr("manifest"));
  buffer.manifest.tensors[2].shape = {36, 60};
  EXPECT_THAT(MakeComputeWeights(masters_.config(), buffer).status().message(),
              HasSubstr("manifest"));
  buffer.manifest.tensors.clear();
  EXPECT_FALSE(MakeComputeWeights(masters_.config(), buffer).ok());
}

TEST_F(WeightsTest, RandomWeightsComeFromTheirSeed) {
  const MasterWeights again = MasterWeights::Random(OddModel(), /*seed=*/1);
  const MasterWeights other = MasterWeights::Random(OddModel(), /*seed=*/2);
  const char* name = "model.layers.0.self_attn.q_proj.weight";
  EXPECT_TRUE(at::equal(masters_.Get(name), again.Get(name)));
  EXPECT_FALSE(at::equal(masters_.Get(name), other.Get(name)));
  EXPECT_NEAR(masters_.Get(name).std().item<double>(), 0.15, 0.01);
  EXPECT_TRUE(at::equal(masters_.Get("model.norm.weight"), at::ones({36})));
}

TEST_F(WeightsTest, CopyFromKeepsTensorsAndRefusesOtherShapes) {
  const MasterWeights other = MasterWeights::Random(OddModel(), /*seed=*/2);
  const at::Tensor norm = masters_.Get("lm_head.weight");
  ASSERT_TRUE(masters_.CopyFrom(other).ok());
  EXPECT_TRUE(at::equal(norm, other.Get("lm_head.weight")));
  EXPECT_FALSE(masters_.CopyFrom(MasterWeights::Random(CharacterModel(), 1)).ok());
}

}  // namespace
}  // namespace cohort
