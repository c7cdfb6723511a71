#include "libs/model/head.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "libs/base/rng.h"
#include "libs/model/torch_types.h"
#include "tests/libs/model/tiny_models.h"

namespace cohort {
namespace {

std::vector<float> RandomLogits(size_t size, uint64_t seed, double spread) {
  Rng rng(seed);
  std::vector<float> logits(size);
  for (float& logit : logits) logit = static_cast<float>(spread * rng.Normal());
  return logits;
}

class HeadTest : public testing::TestWithParam<DType> {
 protected:
  HeadTest() {
    config_.vocab_size = 1000;  // no multiple of a panel
    config_.hidden_size = 52;
  }
  // Only the head matters here.
  ComputeWeights Weights(const at::Tensor& master) const {
    ComputeWeights weights;
    weights.config = config_;
    weights.dtype = GetParam();
    weights.head = master.detach().to(ToScalarType(GetParam()));
    weights.head_master = master;
    weights.packed_head = PackHead(weights.head.const_data_ptr(), config_.vocab_size,
                                   config_.hidden_size, GetParam());
    return weights;
  }

  ModelConfig config_ = OddModel();
};

TEST_P(HeadTest, LogitsAreFloat32SumsOverTheRoundedWeights) {
  at::manual_seed(1);
  const ComputeWeights weights = Weights(at::randn({1000, 52}));
  const at::Tensor hidden = at::randn({203, 52}).to(ToScalarType(GetParam()));
  const at::Tensor logits = HeadLogits(weights, hidden);
  const at::Tensor exact = at::mm(hidden.to(at::kDouble), weights.head.to(at::kDouble).t());
  // 52 terms; logits reach 30.
  EXPECT_LE((logits - exact).abs().max().item<double>(), 3e-5);
}

TEST_P(HeadTest, ARowsLogitsDoNotDependOnTheNumberOfRows) {
  at::manual_seed(2);
  const ComputeWeights weights = Weights(at::randn({1000, 52}));
  const at::Tensor hidden = at::randn({203, 52}).to(ToScalarType(GetParam()));
  const at::Tensor whole = HeadLogits(weights, hidden);
  for (int64_t first = 0, rows = 1; first + rows <= 203; first += 7, ++rows) {
    EXPECT_TRUE(at::equal(HeadLogits(weights, hidden.narrow(0, first, rows)),
                          whole.narrow(0, first, rows)));
  }
}

TEST_P(HeadTest, SelectedLogprobsAndTheirGradientsAreThoseOfPlainLibtorch) {
  at::manual_seed(3);
  const double temperature = 1.3;
  const int64_t rows = 1101;  // several chunks both ways
  const at::Tensor master = at::randn({1000, 52}).set_requires_grad(true);
  const ComputeWeights weights = Weights(master);
  const at::Tensor hidden =
      (at::randn({rows, 52}) * 0.5).to(ToScalarType(GetParam())).set_requires_grad(true);
  const at::Tensor targets = at::randint(0, 1000, {rows}, at::kLong);
  at::Tensor factors = at::randn({rows});
  factors.index_put_({at::arange(0, rows, 3)}, 0.0);

  const TokenLogprobs result = SelectedLogprobs(weights, hidden, targets, temperature, true);
  (result.logprobs * factors).sum().backward();

  const at::Tensor exact_hidden = hidden.detach().to(at::kDouble).set_requires_grad(true);
  const at::Tensor exact_head = weights.head.to(at::kDouble).set_requires_grad(true);
  const at::Tensor all = at::log_softmax(at::mm(exact_hidden, exact_head.t()) / temperature, -1);
  const at::Tensor exact = all.gather(1, targets.unsqueeze(1)).squeeze(1);
  (exact * factors).sum().backward();

  EXPECT_LE((result.logprobs - exact).abs().max().item<double>(), 1e-5);
  const at::Tensor entropy = -(all.exp() * all).sum(-1);
  EXPECT_LE((result.entropy - entropy).abs().max().item<double>(), 1e-5);
  EXPECT_FALSE(result.entropy.requires_grad());
  // Gradients of bfloat16 are rounded twice.
  const double tolerance = GetParam() == DType::kFloat32 ? 1e-6 : 1e-2;
  const auto error = [](const at::Tensor& got, const at::Tensor& wanted) {
    return (got - wanted).norm().item<double>() / wanted.norm().item<double>();
  };
  EXPECT_LE(error(hidden.grad(), exact_hidden.grad()), tolerance);
  EXPECT_LE(error(master.grad(), exact_head.grad()), tolerance);
}

TEST_P(HeadTest, ActorsAndLearnersNumbersAreEqualToTheBit) {
  at::manual_seed(4);
  const at::Tensor master = at::randn({1000, 52}).set_requires_grad(true);
  const ComputeWeights weights = Weights(master);
  const at::Tensor hidden = at::randn({300, 52}).to(ToScalarType(GetParam()));
  const at::Tensor targets = at::randint(0, 1000, {300}, at::kLong);
  const at::Tensor learned = SelectedLogprobs(weights, hidden, targets, 0.9, false).logprobs;
  EXPECT_TRUE(learned.requires_grad());
  const auto inverse = static_cast<float>(1.0 / 0.9);
  for (int64_t r = 0; r < 300; ++r) {
    const at::Tensor row = HeadLogits(weights, hidden.narrow(0, r, 1));
    const std::span<const float> logits(row.const_data_ptr<float>(), 1000);
    const int64_t target = targets[r].item<int64_t>();
    ASSERT_EQ(LogprobOf(logits, target, inverse, SoftmaxOfRow(logits, inverse)),
              learned[r].item<float>());
  }
}

INSTANTIATE_TEST_SUITE_P(Types, HeadTest, testing::Values(DType::kFloat32, DType::kBFloat16),
                         [](const auto& info) { return std::string(DTypeName(info.param)); });

TEST(RowSoftmaxTest, IsThatOfFloat64) {
  for (size_t size : {1u, 2u, 15u, 16u, 17u, 1000u, 49152u}) {
    for (double spread : {0.1, 3.0, 40.0}) {
      const auto logits = RandomLogits(size, size, spread);
      double max = -1e300, sum = 0, weighted = 0;
      for (float logit : logits) max = std::max(max, static_cast<double>(logit) * 1.25);
      for (float logit : logits) sum += std::exp(static_cast<double>(logit) * 1.25 - max);
      const double log_sum = max + std::log(sum);
      for (float logit : logits) {
        const double logprob = static_cast<double>(logit) * 1.25 - log_sum;
        weighted -= std::exp(logprob) * logprob;
      }
      const RowSoftmax softmax = SoftmaxOfRow(logits, 1.25f, /*with_entropy=*/true);
      EXPECT_NEAR(softmax.max, max, 1e-6 * std::abs(max));
      EXPECT_NEAR(softmax.log_sum_exp, log_sum, 1e-6 * (1 + std::abs(log_sum)));
      EXPECT_NEAR(softmax.entropy, weighted, 2e-5);
    }
  }
}

TEST(RowSoftmaxTest, ReportsANotANumber) {
  auto logits = RandomLogits(100, 1, 1.0);
  logits[37] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(SoftmaxOfRow(logits, 1.0f).log_sum_exp));
}

TEST(DrawFromRowTest, DrawsByTheProbabilities) {
  const auto logits = RandomLogits(700, 5, 2.0);
  const RowSoftmax softmax = SoftmaxOfRow(logits, 1.0f);
  Rng rng(6);
  std::vector<double> share(logits.size());
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    share[static_cast<size_t>(DrawFromRow(logits, 1.0f, softmax, rng.Uniform()))] += 1.0 / kDraws;
  }
  double distance = 0;
  for (size_t v = 0; v < logits.size(); ++v) {
    distance += std::abs(share[v] - std::exp(static_cast<double>(LogprobOf(
                                        logits, static_cast<int64_t>(v), 1.0f, softmax))));
  }
  // The expected distance of this many draws from 700 values is 0.035.
  EXPECT_LE(distance, 0.05);
}

TEST(DrawFromRowTest, NeverDrawsWhatCannotBe) {
  std::vector<float> logits(600, -1e30f);
  logits[3] = 0;
  logits[300] = 1;
  const RowSoftmax softmax = SoftmaxOfRow(logits, 1.0f);
  EXPECT_EQ(DrawFromRow(logits, 1.0f, softmax, 0.0), 3);
  EXPECT_EQ(DrawFromRow(logits, 1.0f, softmax, 0.26), 3);
  EXPECT_EQ(DrawFromRow(logits, 1.0f, softmax, 0.28), 300);
  EXPECT_EQ(DrawFromRow(logits, 1.0f, softmax, 1.0 - 0x1p-53), 300);
}

TEST(ArgmaxOfRowTest, TakesTheFirstOfEquals) {
  EXPECT_EQ(ArgmaxOfRow(std::vector<float>{1, 5, 2, 5}), 1);
}

}  // namespace
}  // namespace cohort
