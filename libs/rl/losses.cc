#include "libs/rl/losses.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace cohort {
namespace {

constexpr double kMaxLogRatio = 40.0;

// exp(log_ratio) - log_ratio - 1, which is never negative and has mean KL under the policy in the
// ratio's denominator (Schulman, "Approximating KL divergence", 2020: k3).
at::Tensor K3(const at::Tensor& log_ratio) { return at::expm1(log_ratio) - log_ratio; }

struct Importance {
  at::Tensor weights;  // [n], without gradients; undefined when off
  at::Tensor capped;   // [n] bool; undefined when off
};

Importance ImportanceOf(const at::Tensor& proximal, const at::Tensor& behaviour,
                        const GrpoLossOptions& options) {
  if (options.correction == ImportanceCorrection::kOff) return {};
  const at::Tensor weights = at::exp(proximal - behaviour);
  if (options.correction == ImportanceCorrection::kTruncate) {
    return {weights.clamp_max(options.importance_cap), weights > options.importance_cap};
  }
  const at::Tensor outside =
      at::logical_or(weights > options.importance_cap, weights < 1.0 / options.importance_cap);
  return {weights.masked_fill(outside, 0.0), outside};
}

// Reads the sums back from the device at once.
GrpoStatistics ToStatistics(const std::vector<at::Tensor>& per_token, int64_t tokens) {
  std::vector<at::Tensor> sums;
  sums.reserve(per_token.size());
  for (const at::Tensor& values : per_token) {
    sums.push_back(values.defined()
                       ? values.sum(at::kDouble)
                       : at::zeros({}, per_token.front().options().dtype(at::kDouble)));
  }
  const at::Tensor host = at::stack(sums).cpu();
  const double* value = host.const_data_ptr<double>();
  GrpoStatistics statistics;
  statistics.tokens = static_cast<double>(tokens);
  for (double* field : {&statistics.ratio, &statistics.ratio_below, &statistics.ratio_above,
                        &statistics.clipped_low, &statistics.clipped_high, &statistics.dual_clipped,
                        &statistics.kl_reference, &statistics.kl_behaviour, &statistics.importance,
                        &statistics.importance_capped, &statistics.entropy}) {
    *field = *value++;
  }
  return statistics;
}

}  // namespace

at::Tensor TokenWeights(std::span<const int64_t> lengths, Aggregation aggregation,
                        const LossDenominators& denominators) {
  int64_t total = 0;
  for (int64_t length : lengths) total += length;
  at::Tensor weights = at::empty({total}, at::kFloat);
  float* out = weights.data_ptr<float>();
  for (int64_t length : lengths) {
    const double denominator =
        aggregation == Aggregation::kTokenMean
            ? static_cast<double>(denominators.tokens)
            : static_cast<double>(denominators.sequences) * static_cast<double>(length);
    out = std::fill_n(out, length, static_cast<float>(1.0 / denominator));
  }
  return weights;
}

GrpoStatistics& GrpoStatistics::operator+=(const GrpoStatistics& other) {
  tokens += other.tokens;
  ratio += other.ratio;
  ratio_below += other.ratio_below;
  ratio_above += other.ratio_above;
  clipped_low += other.clipped_low;
  clipped_high += other.clipped_high;
  dual_clipped += other.dual_clipped;
  kl_reference += other.kl_reference;
  kl_behaviour += other.kl_behaviour;
  importance += other.importance;
  importance_capped += other.importance_capped;
  entropy += other.entropy;
  return *this;
}

GrpoLossResult GrpoLoss(const GrpoTokens& tokens, const GrpoLossOptions& options) {
  const at::Tensor current = tokens.logprobs.detach();
  const at::Tensor proximal = tokens.proximal.defined() ? tokens.proximal : current;
  const at::Tensor& advantages = tokens.advantages;
  const double lowest = 1.0 - options.clip_low;
  const double highest = 1.0 + options.clip_high;

  // The bound lies far beyond any clip and keeps exp finite: a clipped token's gradient is then 0,
  // where 0 × inf would be NaN.
  const at::Tensor ratio = at::exp((tokens.logprobs - proximal).clamp(-kMaxLogRatio, kMaxLogRatio));
  at::Tensor objective = at::minimum(ratio * advantages, ratio.clamp(lowest, highest) * advantages);
  at::Tensor dual_clipped;
  if (options.dual_clip > 0) {
    const at::Tensor bound = advantages * options.dual_clip;
    dual_clipped = at::logical_and(advantages < 0, objective.detach() < bound);
    objective = at::where(dual_clipped, bound, objective);
  }
  const Importance importance = ImportanceOf(proximal, tokens.behaviour, options);
  if (importance.weights.defined()) objective = objective * importance.weights;
  at::Tensor kl;
  if (tokens.reference.defined()) {
    kl = K3(tokens.reference - tokens.logprobs);
    if (options.kl_coefficient != 0) objective = objective - kl * options.kl_coefficient;
  }

  GrpoLossResult result;
  result.loss = -(objective * tokens.weights).sum();

  const at::Tensor value = ratio.detach();
  const at::Tensor below = value < lowest;
  const at::Tensor above = value > highest;
  const int64_t count = current.numel();
  result.statistics = ToStatistics(
      {value, below, above, at::logical_and(below, advantages < 0),
       at::logical_and(above, advantages > 0), dual_clipped, kl.defined() ? kl.detach() : kl,
       K3(current - tokens.behaviour), importance.weights, importance.capped, tokens.entropy},
      count);
  if (!importance.weights.defined()) result.statistics.importance = static_cast<double>(count);
  return result;
}

at::Tensor SftLoss(const at::Tensor& logprobs, const at::Tensor& weights) {
  return -(logprobs * weights).sum();
}

}  // namespace cohort
