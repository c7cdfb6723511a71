#include "libs/rl/losses.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;

at::Tensor Floats(std::vector<float> values) {
  return at::tensor(values, at::TensorOptions().dtype(at::kFloat));
}

std::vector<float> Values(const at::Tensor& tensor) {
  const float* data = tensor.const_data_ptr<float>();
  return {data, data + tensor.numel()};
}

// Tokens with these ratios to their proximal policy, of weight 1, drawn by that policy.
GrpoTokens Tokens(const std::vector<float>& ratios, const std::vector<float>& advantages) {
  GrpoTokens tokens;
  tokens.logprobs = Floats(std::vector<float>(ratios.size(), -1.0f)).requires_grad_(true);
  tokens.proximal = -1.0 - at::log(Floats(ratios));
  tokens.behaviour = tokens.proximal;
  tokens.advantages = Floats(advantages);
  tokens.weights = at::ones({static_cast<int64_t>(ratios.size())}, at::kFloat);
  return tokens;
}

struct LossAndGradient {
  double loss;
  std::vector<float> gradient;
  GrpoStatistics statistics;
};

LossAndGradient Evaluate(const GrpoTokens& tokens, const GrpoLossOptions& options) {
  const GrpoLossResult result = GrpoLoss(tokens, options);
  result.loss.backward();
  return {result.loss.item<double>(), Values(tokens.logprobs.grad()), result.statistics};
}

TEST(GrpoLoss, OfTheCurrentPolicyAgainstItselfIsTheNegativeAdvantage) {
  GrpoTokens tokens = Tokens({1, 1}, {2, -3});
  tokens.proximal = at::Tensor();
  const LossAndGradient result = Evaluate(tokens, {});
  EXPECT_EQ(result.loss, 1.0);  // -(2 - 3)
  EXPECT_THAT(result.gradient, ElementsAre(-2.0f, 3.0f));
  EXPECT_EQ(result.statistics.tokens, 2);
  EXPECT_EQ(result.statistics.ratio, 2.0);  // exactly 1 each
  EXPECT_EQ(result.statistics.kl_behaviour, 0.0);
}

TEST(GrpoLoss, ClipsARatioOnlyOnTheSideWhereTheAdvantageAsksForMore) {
  // Positive advantages stop growing above the range, negative ones below it; the gradient of an
  // unclipped token is -ratio × advantage.
  const LossAndGradient result = Evaluate(Tokens({1.5f, 0.5f, 1.5f, 0.5f}, {1, 1, -1, -1}),
                                          {.clip_low = 0.2, .clip_high = 0.3});
  EXPECT_NEAR(result.loss, -(1.3 + 0.5 - 1.5 - 0.8), 1e-6);
  EXPECT_THAT(result.gradient,
              ElementsAre(0.0f, FloatNear(-0.5f, 1e-6f), FloatNear(1.5f, 1e-6f), 0.0f));
  EXPECT_EQ(result.statistics.ratio_above, 2);
  EXPECT_EQ(result.statistics.ratio_below, 2);
  EXPECT_EQ(result.statistics.clipped_high, 1);
  EXPECT_EQ(result.statistics.clipped_low, 1);
}

TEST(GrpoLoss, NeverClipsBelowWhenTheRangeReachesZero) {
  // DeepSeek-R1's range of 10: the lower edge is -9, the upper one 11.
  const LossAndGradient result =
      Evaluate(Tokens({0.01f, 12.0f, 12.0f}, {-1, 1, -1}), {.clip_low = 10, .clip_high = 10});
  EXPECT_NEAR(result.loss, 0.01 - 11 + 12, 1e-5);
  EXPECT_THAT(result.gradient, ElementsAre(FloatNear(0.01f, 1e-6f), 0.0f, FloatNear(12.0f, 1e-4f)));
}

TEST(GrpoLoss, AddsTheThirdKlEstimatorToTheReference) {
  // reference / policy = 1/2: k3 = 1/2 + log 2 - 1; its derivative by the log-probability is
  // 1 - 1/2.
  GrpoTokens tokens = Tokens({1}, {0});
  tokens.reference = tokens.logprobs.detach() - std::log(2.0f);
  const LossAndGradient result = Evaluate(tokens, {.kl_coefficient = 0.1});
  const double k3 = 0.5 + std::log(2.0) - 1.0;
  EXPECT_NEAR(result.loss, 0.1 * k3, 1e-8);
  EXPECT_THAT(result.gradient, ElementsAre(FloatNear(0.05f, 1e-7f)));
  EXPECT_NEAR(result.statistics.kl_reference, k3, 1e-7);
}

TEST(GrpoLoss, MeasuresKlWithoutACoefficientAndLeavesItOutOfTheLoss) {
  GrpoTokens tokens = Tokens({1}, {0});
  tokens.reference = tokens.logprobs.detach() - std::log(2.0f);
  const LossAndGradient result = Evaluate(tokens, {});
  EXPECT_EQ(result.loss, 0.0);
  EXPECT_THAT(result.gradient, ElementsAre(0.0f));
  EXPECT_GT(result.statistics.kl_reference, 0.19);
}

TEST(GrpoLoss, BoundsNegativeAdvantagesByDualClip) {
  const LossAndGradient result = Evaluate(Tokens({5, 2, 5}, {-1, -1, 1}), {.dual_clip = 3});
  EXPECT_NEAR(result.loss, 3 + 2 - 1.2, 1e-5);
  EXPECT_THAT(result.gradient, ElementsAre(0.0f, FloatNear(2.0f, 1e-5f), 0.0f));
  EXPECT_EQ(result.statistics.dual_clipped, 1);
}

TEST(GrpoLoss, TruncatesImportanceWeightsAtTheirCap) {
  GrpoTokens tokens = Tokens({1, 1, 1}, {1, 1, 1});
  tokens.behaviour = tokens.proximal - at::log(Floats({5.0f, 1.5f, 0.1f}));
  const LossAndGradient result =
      Evaluate(tokens, {.correction = ImportanceCorrection::kTruncate, .importance_cap = 2});
  EXPECT_NEAR(result.loss, -(2 + 1.5 + 0.1), 1e-5);
  EXPECT_THAT(result.gradient,
              ElementsAre(FloatNear(-2, 1e-5f), FloatNear(-1.5f, 1e-5f), FloatNear(-0.1f, 1e-6f)));
  EXPECT_EQ(result.statistics.importance_capped, 1);
  EXPECT_NEAR(result.statistics.importance, 3.6, 1e-5);
}

TEST(GrpoLoss, MasksImportanceWeightsOutsideOfTheirCap) {
  GrpoTokens tokens = Tokens({1, 1, 1}, {1, 1, 1});
  tokens.behaviour = tokens.proximal - at::log(Floats({5.0f, 1.5f, 0.1f}));
  const LossAndGradient result =
      Evaluate(tokens, {.correction = ImportanceCorrection::kMask, .importance_cap = 2});
  EXPECT_NEAR(result.loss, -1.5, 1e-5);
  EXPECT_THAT(result.gradient, ElementsAre(0.0f, FloatNear(-1.5f, 1e-5f), 0.0f));
  EXPECT_EQ(result.statistics.importance_capped, 2);
}

TEST(GrpoLoss, KeepsTheKlTermOfTokensWhoseImportanceIsMasked) {
  GrpoTokens tokens = Tokens({1}, {1});
  tokens.behaviour = tokens.proximal - std::log(5.0f);
  tokens.reference = tokens.logprobs.detach() - std::log(2.0f);
  const LossAndGradient result = Evaluate(
      tokens,
      {.kl_coefficient = 1.0, .correction = ImportanceCorrection::kMask, .importance_cap = 2});
  EXPECT_THAT(result.gradient, ElementsAre(FloatNear(0.5f, 1e-6f)));
}

TEST(GrpoLoss, GivesAClippedTokenWithAnAbsurdRatioNoGradientInsteadOfNaN) {
  GrpoTokens tokens = Tokens({1}, {1});
  tokens.proximal = tokens.logprobs.detach() - 200;  // exp overflows float32
  const LossAndGradient result = Evaluate(tokens, {});
  EXPECT_NEAR(result.loss, -1.2, 1e-6);
  EXPECT_THAT(result.gradient, ElementsAre(0.0f));
}

TEST(GrpoLoss, OfMicroBatchesAddsUpToTheWhole) {
  const std::vector<float> ratios = {1.5f, 0.5f, 1.0f, 0.7f, 1.1f};
  const std::vector<float> advantages = {1, -1, 2, -2, 0.5f};
  const std::vector<int64_t> lengths = {2, 3};
  const LossDenominators denominators{.tokens = 5, .sequences = 2};
  const auto part = [&](size_t first, size_t count, std::vector<int64_t> its_lengths) {
    const auto cut = [&](const std::vector<float>& all) {
      return std::vector<float>(all.begin() + first, all.begin() + first + count);
    };
    GrpoTokens tokens = Tokens(cut(ratios), cut(advantages));
    tokens.weights = TokenWeights(its_lengths, Aggregation::kSequenceMean, denominators);
    tokens.entropy = Floats(std::vector<float>(count, 0.5f));
    return Evaluate(tokens, {});
  };
  const LossAndGradient whole = part(0, 5, lengths);
  const LossAndGradient first = part(0, 2, {2});
  const LossAndGradient second = part(2, 3, {3});
  EXPECT_NEAR(whole.loss, first.loss + second.loss, 1e-7);
  GrpoStatistics sums = first.statistics;
  sums += second.statistics;
  EXPECT_EQ(sums.tokens, whole.statistics.tokens);
  EXPECT_NEAR(sums.ratio, whole.statistics.ratio, 1e-12);
  EXPECT_EQ(sums.clipped_low, whole.statistics.clipped_low);
  EXPECT_EQ(sums.clipped_high, whole.statistics.clipped_high);
  EXPECT_EQ(sums.entropy, 2.5);
}

TEST(TokenWeights, ShareTheTokensOrTheSequencesOfTheWholeStep) {
  // This micro-batch holds two of the step's four sequences and four of its ten tokens.
  const std::vector<int64_t> lengths = {1, 3};
  const LossDenominators denominators{.tokens = 10, .sequences = 4};
  EXPECT_THAT(Values(TokenWeights(lengths, Aggregation::kTokenMean, denominators)),
              ElementsAre(0.1f, 0.1f, 0.1f, 0.1f));
  const float third = static_cast<float>(1.0 / 12.0);
  EXPECT_THAT(Values(TokenWeights(lengths, Aggregation::kSequenceMean, denominators)),
              ElementsAre(0.25f, third, third, third));
}

TEST(SftLoss, IsTheWeightedNegativeLogLikelihood) {
  const at::Tensor logprobs = Floats({-1, -2, -4}).requires_grad_(true);
  const at::Tensor loss = SftLoss(logprobs, Floats({0.5f, 0.25f, 0.25f}));
  EXPECT_FLOAT_EQ(loss.item<float>(), 2.0f);
  loss.backward();
  EXPECT_THAT(Values(logprobs.grad()), ElementsAre(-0.5f, -0.25f, -0.25f));
}

}  // namespace
}  // namespace cohort
