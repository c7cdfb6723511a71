// Gradients of the packed forward and of SelectedLogprobs against plain libtorch in float64.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "libs/base/rng.h"
#include "libs/model/decoder.h"
#include "libs/model/head.h"
#include "tests/libs/model/reference_decoder.h"
#include "tests/libs/model/tiny_models.h"

namespace cohort {
namespace {

struct Group {
  std::vector<int32_t> prompt;
  std::vector<std::vector<int32_t>> completions;
};

// Prompts and completions shorter and longer than a block of keys; completions of one token.
std::vector<Group> Groups(int64_t vocab) {
  Rng rng(11);
  const auto tokens = [&](size_t length) {
    std::vector<int32_t> drawn(length);
    for (int32_t& token : drawn) {
      token = static_cast<int32_t>(rng.Below(static_cast<uint64_t>(vocab)));
    }
    return drawn;
  };
  return {{tokens(5), {tokens(9), tokens(1), tokens(70)}},
          {tokens(80), {tokens(3), tokens(130)}},
          {tokens(64), {tokens(64)}}};
}

// Weights of the loss, some of them zero.
double LossWeight(size_t token) {
  return token % 5 == 3 ? 0.0 : 0.1 * static_cast<double>(token % 7) - 0.2;
}

constexpr double kTemperature = 0.7;

at::Tensor PackedLoss(const MasterWeights& masters, const Decoder& decoder,
                      const std::vector<Group>& groups) {
  auto weights = MakeComputeWeights(masters, decoder.dtype(), Gradients::kToMasters);
  PackedBatch batch;
  std::vector<int64_t> rows, targets;
  std::vector<float> factors;
  for (const Group& group : groups) {
    const int64_t prefix = batch.Add(group.prompt);
    const int64_t last_of_prompt = batch.rows() - 1;
    for (const auto& completion : group.completions) {
      const int64_t begin = batch.rows();
      const std::span inputs(completion.data(), completion.size() - 1);
      if (!inputs.empty()) batch.Add(inputs, prefix);
      for (size_t i = 0; i < completion.size(); ++i) {
        rows.push_back(i == 0 ? last_of_prompt : begin + static_cast<int64_t>(i) - 1);
        targets.push_back(completion[i]);
        factors.push_back(static_cast<float>(LossWeight(factors.size())));
      }
    }
  }
  auto hidden = decoder.Forward(*weights, batch);
  EXPECT_TRUE(hidden.ok()) << hidden.status().ToString();
  const at::Tensor logprobs =
      SelectedLogprobs(*weights, hidden->index_select(0, at::tensor(rows)), at::tensor(targets),
                       kTemperature, /*with_entropy=*/true)
          .logprobs;
  return (logprobs * at::tensor(factors)).sum();
}

at::Tensor ReferenceLoss(const ReferenceDecoder& reference, const std::vector<Group>& groups) {
  at::Tensor loss = at::zeros({}, at::kDouble);
  size_t token = 0;
  for (const Group& group : groups) {
    for (const auto& completion : group.completions) {
      std::vector<int64_t> inputs(group.prompt.begin(), group.prompt.end());
      inputs.insert(inputs.end(), completion.begin(), completion.end() - 1);
      std::vector<int64_t> targets(group.prompt.begin() + 1, group.prompt.end());
      targets.insert(targets.end(), completion.begin(), completion.end());
      const at::Tensor logprobs = reference.Logprobs(inputs, targets, kTemperature);
      for (size_t i = 0; i < completion.size(); ++i) {
        const auto row = static_cast<int64_t>(group.prompt.size() - 1 + i);
        loss = loss + logprobs[row] * static_cast<double>(static_cast<float>(LossWeight(token++)));
      }
    }
  }
  return loss;
}

void ExpectGradients(const ModelConfig& config, DType dtype, double loss_tolerance,
                     double gradient_tolerance) {
  const MasterWeights masters = MasterWeights::Random(config, /*seed=*/7);
  const ReferenceDecoder reference(masters);
  auto decoder = *Decoder::Create(config, dtype);
  const auto groups = Groups(config.vocab_size);
  const at::Tensor loss = PackedLoss(masters, *decoder, groups);
  const at::Tensor expected = ReferenceLoss(reference, groups);
  EXPECT_NEAR(loss.item<double>(), expected.item<double>(),
              loss_tolerance * std::abs(expected.item<double>()));
  loss.backward();
  expected.backward();
  for (const auto& [name, tensor] : masters.tensors()) {
    ASSERT_TRUE(tensor.grad().defined()) << name;
    ASSERT_EQ(tensor.grad().scalar_type(), at::kFloat) << name;
    const at::Tensor wanted = reference.Weight(name).grad();
    const double error = (tensor.grad() - wanted).norm().item<double>();
    EXPECT_LE(error, gradient_tolerance * wanted.norm().item<double>()) << name;
  }
}

// Float32 sums of some hundred terms.
TEST(GradientTest, OfACharacterModelInFloat32) {
  ExpectGradients(CharacterModel(), DType::kFloat32, 1e-5, 1e-5);
}
TEST(GradientTest, OfAModelWithOddSizesInFloat32) {
  ExpectGradients(OddModel(), DType::kFloat32, 1e-5, 1e-5);
}
// Eight bits of mantissa in every activation.
TEST(GradientTest, OfACharacterModelInBFloat16) {
  ExpectGradients(CharacterModel(), DType::kBFloat16, 2e-2, 6e-2);
}

TEST(GradientTest, AccumulatesOverMicroBatches) {
  const MasterWeights whole = MasterWeights::Random(OddModel(), /*seed=*/7);
  const MasterWeights parts = MasterWeights::Random(OddModel(), /*seed=*/7);
  auto decoder = *Decoder::Create(whole.config(), DType::kFloat32);
  const auto groups = Groups(whole.config().vocab_size);
  // The same group twice at once, and one after the other.
  PackedLoss(whole, *decoder, {groups[0]}).backward();
  for (int i = 0; i < 2; ++i) PackedLoss(parts, *decoder, {groups[0]}).backward();
  for (size_t i = 0; i < whole.tensors().size(); ++i) {
    const at::Tensor twice = whole.tensors()[i].second.grad() * 2;
    EXPECT_TRUE(at::allclose(twice, parts.tensors()[i].second.grad(), 1e-5, 1e-6));
  }
}

TEST(GradientTest, IsTheSameToTheBitWhenRepeated) {
  for (DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    const MasterWeights first = MasterWeights::Random(OddModel(), /*seed=*/7);
    const MasterWeights second = MasterWeights::Random(OddModel(), /*seed=*/7);
    auto decoder = *Decoder::Create(first.config(), dtype);
    const auto groups = Groups(first.config().vocab_size);
    PackedLoss(first, *decoder, groups).backward();
    PackedLoss(second, *decoder, groups).backward();
    for (size_t i = 0; i < first.tensors().size(); ++i) {
      EXPECT_TRUE(at::equal(first.tensors()[i].second.grad(), second.tensors()[i].second.grad()));
    }
  }
}

TEST(GradientTest, FrozenWeightsGiveTheSameNumbersWithoutAGraph) {
  const MasterWeights masters = MasterWeights::Random(OddModel(), /*seed=*/7);
  const MasterWeights frozen = masters.Frozen();
  auto decoder = *Decoder::Create(masters.config(), DType::kBFloat16);
  PackedBatch batch;
  batch.Add(std::vector<int32_t>{1, 2, 3, 4});
  auto with = MakeComputeWeights(masters, DType::kBFloat16, Gradients::kToMasters);
  auto without = MakeComputeWeights(frozen, DType::kBFloat16, Gradients::kNone);
  const at::Tensor a = *decoder->Forward(*with, batch);
  const at::Tensor b = *decoder->Forward(*without, batch);
  EXPECT_TRUE(a.requires_grad());
  EXPECT_FALSE(b.requires_grad());
  EXPECT_TRUE(at::equal(a, b));
}

}  // namespace
}  // namespace cohort
