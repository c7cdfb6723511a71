#include "learner/optimizer.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace cohort {
namespace {

using ::testing::HasSubstr;

at::Tensor Parameter(std::vector<float> values, std::vector<int64_t> shape) {
  return at::tensor(values, at::TensorOptions().dtype(at::kFloat))
      .reshape(shape)
      .clone()
      .requires_grad_(true);
}

void SetGradient(const at::Tensor& parameter, float value) {
  parameter.mutable_grad() =
      at::full_like(parameter, value, at::TensorOptions().requires_grad(false));
}

TEST(AdamW, StepsAsThePaperWritesIt) {
  const AdamWOptions options{.beta1 = 0.9, .beta2 = 0.99, .epsilon = 1e-8, .weight_decay = 0.1};
  const at::Tensor matrix = Parameter({2.0f, -4.0f}, {1, 2});
  AdamW adamw(options, {{"matrix", matrix}});
  double weight = 2.0, first = 0, second = 0;
  for (int step = 1; step <= 3; ++step) {
    const double gradient = 0.5 * step, rate = 0.01;
    SetGradient(matrix, static_cast<float>(gradient));
    adamw.Step(rate);
    weight -= rate * options.weight_decay * weight;
    first = 0.9 * first + 0.1 * gradient;
    second = 0.99 * second + 0.01 * gradient * gradient;
    const double mean = first / (1 - std::pow(0.9, step));
    const double square = second / (1 - std::pow(0.99, step));
    weight -= rate * mean / (std::sqrt(square) + 1e-8);
    EXPECT_NEAR(matrix[0][0].item<double>(), weight, 1e-6);
  }
  EXPECT_EQ(adamw.steps(), 3);
}

TEST(AdamW, DoesNotDecayNorms) {
  const at::Tensor norm = Parameter({1.0f}, {1});
  const at::Tensor matrix = Parameter({1.0f}, {1, 1});
  AdamW adamw({.weight_decay = 0.5}, {{"norm", norm}, {"matrix", matrix}});
  SetGradient(norm, 0);
  SetGradient(matrix, 0);
  adamw.Step(0.1);
  EXPECT_EQ(norm.item<float>(), 1.0f);
  EXPECT_NEAR(matrix.item<float>(), 0.95f, 1e-6);
}

TEST(AdamW, ClipsByTheNormOfAllGradientsTogether) {
  const at::Tensor a = Parameter({0}, {1, 1});
  const at::Tensor b = Parameter({0}, {1});
  AdamW adamw({}, {{"a", a}, {"b", b}});
  SetGradient(a, 3);
  SetGradient(b, 4);
  const Result<double> norm = adamw.GradientNorm();
  ASSERT_TRUE(norm.ok());
  EXPECT_DOUBLE_EQ(*norm, 5.0);
  adamw.ClipGradients(*norm, 0);  // off
  EXPECT_EQ(a.grad().item<float>(), 3.0f);
  adamw.ClipGradients(*norm, 10);  // below the limit
  EXPECT_EQ(a.grad().item<float>(), 3.0f);
  adamw.ClipGradients(*norm, 1);
  EXPECT_NEAR(a.grad().item<float>(), 0.6f, 1e-6);
  EXPECT_NEAR(b.grad().item<float>(), 0.8f, 1e-6);
}

TEST(AdamW, NamesTheTensorWhoseGradientIsNotFinite) {
  const at::Tensor a = Parameter({0}, {1, 1});
  const at::Tensor b = Parameter({0}, {1});
  AdamW adamw({}, {{"a", a}, {"model.b", b}});
  SetGradient(a, 3);
  for (float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    SetGradient(b, bad);
    const Result<double> norm = adamw.GradientNorm();
    EXPECT_EQ(norm.status().code(), StatusCode::kInternal);
    EXPECT_THAT(norm.status().message(), HasSubstr("model.b"));
  }
}

TEST(AdamW, CountsAMissingGradientAsZero) {
  const at::Tensor a = Parameter({1}, {1, 1});
  AdamW adamw({}, {{"a", a}});
  EXPECT_EQ(adamw.GradientNorm().value(), 0.0);
  adamw.Step(0.1);
  EXPECT_EQ(a.item<float>(), 1.0f);
}

}  // namespace
}  // namespace cohort
