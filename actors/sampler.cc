#include "actors/sampler.h"

#include <algorithm>
#include <cmath>

#include "libs/base/rng.h"
#include "libs/model/head_kernel.h"

namespace cohort {
namespace {

float ProbabilityOf(std::span<const float> logits, int64_t token, float inverse_temperature,
                    const RowSoftmax& softmax) {
  return std::exp(LogprobOf(logits, token, inverse_temperature, softmax));
}

}  // namespace

double UniformFor(const Prompt& prompt, uint32_t sample, uint32_t position) {
  return UniformAt({prompt.seed, prompt.id.cursor, sample, position});
}

Draw Sampler::Sample(std::span<const float> logits, double temperature, double top_p,
                     double uniform) {
  const float inverse_temperature = temperature > 0 ? static_cast<float>(1.0 / temperature) : 1.0f;
  const RowSoftmax softmax = SoftmaxOfRow(logits, inverse_temperature);
  const auto drawable = logits.first(
      std::min(logits.size(), static_cast<size_t>(drawable_ > 0 ? drawable_ : logits.size())));
  int64_t token;
  if (temperature <= 0) {
    token = ArgmaxOfRow(drawable);
  } else if (top_p >= 1) {
    token = DrawFromRow(drawable, inverse_temperature, softmax, uniform);
  } else {
    token = DrawFromNucleus(drawable, inverse_temperature, softmax, top_p, uniform);
  }
  return {static_cast<int32_t>(token), LogprobOf(logits, token, inverse_temperature, softmax)};
}

int64_t Sampler::DrawFromNucleus(std::span<const float> logits, float inverse_temperature,
                                 const RowSoftmax& softmax, double top_p, double uniform) {
  const auto size = static_cast<int64_t>(logits.size());
  probabilities_.resize(logits.size());
  float largest = 0;
  for (int64_t id = 0; id < size; ++id) {
    const float p = ProbabilityOf(logits, id, inverse_temperature, softmax);
    probabilities_[static_cast<size_t>(id)] = p;
    largest = std::max(largest, p);
  }
  // Sorting the whole vocabulary would cost more than the model: lower the bar until what passes
  // it holds enough.
  double sum = 0;
  for (float bar = largest / 16;; bar = bar > 1e-12f ? bar / 16 : 0) {
    candidates_.clear();
    sum = 0;
    for (int64_t id = 0; id < size; ++id) {
      const float p = probabilities_[static_cast<size_t>(id)];
      if (p < bar || p <= 0) continue;
      candidates_.push_back({p, static_cast<int32_t>(id)});
      sum += p;
    }
    if (sum >= top_p || bar == 0) break;
  }
  if (candidates_.empty()) return ArgmaxOfRow(logits);
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    return a.probability != b.probability ? a.probability > b.probability : a.token < b.token;
  });
  double kept = 0;
  size_t count = 0;
  while (count < candidates_.size() && kept < top_p) kept += candidates_[count++].probability;
  candidates_.resize(count);
  std::sort(candidates_.begin(), candidates_.end(),
            [](const Candidate& a, const Candidate& b) { return a.token < b.token; });
  double cumulative = 0;
  for (const Candidate& candidate : candidates_) {
    cumulative += candidate.probability;
    if (cumulative > uniform * kept) return candidate.token;
  }
  return candidates_.back().token;
}

}  // namespace cohort
