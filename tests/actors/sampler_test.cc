#include "actors/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "libs/base/rng.h"

namespace cohort {
namespace {

std::vector<float> RandomLogits(int64_t vocab, uint64_t seed, double scale) {
  Rng rng(seed);
  std::vector<float> logits(static_cast<size_t>(vocab));
  for (float& logit : logits) logit = static_cast<float>(rng.Normal() * scale);
  return logits;
}

std::vector<double> Softmax(const std::vector<float>& logits, double temperature) {
  const double max = *std::max_element(logits.begin(), logits.end());
  std::vector<double> p;
  for (const float logit : logits) p.push_back(std::exp((logit - max) / temperature));
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& value : p) value /= sum;
  return p;
}

// Pearson's statistic of `draws` against `p`, in deviations from its mean under the null
// hypothesis; cells that expect fewer than 5 are joined.
double Surprise(const std::vector<int>& counts, const std::vector<double>& p, int draws) {
  double chi2 = 0, cells = 0, rest_expected = 0, rest_counted = 0;
  for (size_t id = 0; id < p.size(); ++id) {
    const double expected = p[id] * draws;
    if (expected < 5) {
      rest_expected += expected;
      rest_counted += counts[id];
      continue;
    }
    chi2 += (counts[id] - expected) * (counts[id] - expected) / expected;
    ++cells;
  }
  if (rest_expected >= 5) {
    chi2 += (rest_counted - rest_expected) * (rest_counted - rest_expected) / rest_expected;
    ++cells;
  }
  return (chi2 - (cells - 1)) / std::sqrt(2 * (cells - 1));
}

TEST(Sampler, DrawsFromTheSoftmaxAtTheTemperature) {
  Sampler sampler(/*drawable=*/0);
  for (const double temperature : {1.0, 0.6, 1.7}) {
    const auto logits = RandomLogits(150, 3, 1.5);
    const auto p = Softmax(logits, temperature);
    std::vector<int> counts(150);
    constexpr int kDraws = 100000;
    for (uint64_t i = 0; i < kDraws; ++i) {
      const Draw draw = sampler.Sample(logits, temperature, /*top_p=*/1, UniformAt({1, i}));
      ++counts[static_cast<size_t>(draw.token)];
      ASSERT_NEAR(draw.logprob, std::log(p[static_cast<size_t>(draw.token)]), 1e-5);
    }
    EXPECT_LT(Surprise(counts, p, kDraws), 5);
  }
}

TEST(Sampler, GreedyTakesTheLargestAndRecordsItUnderTemperatureOne) {
  Sampler sampler(/*drawable=*/0);
  auto logits = RandomLogits(100, 4, 2);
  logits[17] = logits[63] = 20;
  const Draw draw = sampler.Sample(logits, /*temperature=*/0, /*top_p=*/1, 0.99);
  EXPECT_EQ(draw.token, 17);
  EXPECT_NEAR(draw.logprob, std::log(Softmax(logits, 1)[17]), 1e-6);
}

TEST(Sampler, TopPDrawsFromTheSmallestSetThatHoldsEnough) {
  Sampler sampler(/*drawable=*/0);
  for (const double top_p : {0.1, 0.5, 0.9, 0.999}) {
    for (const double scale : {0.1, 1.0, 5.0}) {
      const auto logits = RandomLogits(300, 5, scale);
      const auto p = Softmax(logits, 0.9);
      std::vector<size_t> order(p.size());
      std::iota(order.begin(), order.end(), size_t{0});
      std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] > p[b]; });
      std::vector<double> kept(p.size());
      double sum = 0;
      for (const size_t id : order) {
        if (sum >= top_p) break;
        kept[id] = p[id];
        sum += p[id];
      }
      for (double& value : kept) value /= sum;
      std::vector<int> counts(p.size());
      constexpr int kDraws = 20000;
      for (uint64_t i = 0; i < kDraws; ++i) {
        const Draw draw = sampler.Sample(logits, 0.9, top_p, UniformAt({2, i}));
        const auto id = static_cast<size_t>(draw.token);
        ASSERT_GT(kept[id], 0) << top_p << " " << scale;
        ++counts[id];
        // The full softmax, not that of the kept set.
        ASSERT_NEAR(draw.logprob, std::log(p[id]), 1e-5);
      }
      if (std::count_if(kept.begin(), kept.end(), [](double k) { return k > 0; }) > 1) {
        EXPECT_LT(Surprise(counts, kept, kDraws), 5) << top_p << " " << scale;
      }
    }
  }
}

TEST(Sampler, NeverDrawsPadding) {
  Sampler sampler(/*drawable=*/50);
  auto logits = RandomLogits(64, 6, 1);
  for (size_t id = 50; id < 64; ++id) logits[id] = 4;  // most of the probability
  const auto p = Softmax(logits, 1);
  for (const double top_p : {1.0, 0.9}) {
    for (uint64_t i = 0; i < 2000; ++i) {
      const Draw draw = sampler.Sample(logits, 1, top_p, UniformAt({3, i}));
      ASSERT_LT(draw.token, 50);
      ASSERT_NEAR(draw.logprob, std::log(p[static_cast<size_t>(draw.token)]), 1e-5);
    }
  }
  EXPECT_LT(sampler.Sample(logits, 0, 1, 0).token, 50);
}

TEST(Sampler, EveryDrawHasItsOwnAddress) {
  Prompt prompt;
  prompt.id = {1, TrainingSpace(0), 5, 0};
  prompt.seed = 9;
  const double here = UniformFor(prompt, 2, 3);
  EXPECT_EQ(here, UniformAt({9, 5, 2, 3}));
  EXPECT_NE(here, UniformFor(prompt, 3, 2));
  prompt.id.run = 2;                      // the run only names tasks,
  prompt.id.space = EvaluationSpace(40);  // evaluations differ by their weights alone
  EXPECT_EQ(here, UniformFor(prompt, 2, 3));
}

}  // namespace
}  // namespace cohort
