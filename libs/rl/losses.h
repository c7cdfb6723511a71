// The GRPO objective on tensors of tokens.
//
// For a token with advantage A, from DeepSeekMath (arXiv 2402.03300, equations 3 and 4) and
// DeepSeek-R1 (arXiv 2501.12948, equations 1 and 2):
//
//   ratio = exp(logprob - proximal)
//   objective = min(ratio A, clip(ratio, 1 - clip_low, 1 + clip_high) A) - beta k3
//   k3 = exp(reference - logprob) - (reference - logprob) - 1
//
// and the loss is -Σ weight × objective. `proximal` is the paper's π_old. Asynchronous training
// splits that one in two (decoupled PPO, arXiv 2110.00641): the policy that drew the token
// (behaviour) and the learner's at the start of the step (proximal); exp(proximal - behaviour),
// truncated, may then weigh the first term. Dual clip (arXiv 1912.09729) bounds the first term of
// negative advantages by dual_clip × A from below.
//
// Means are left to the weights, whose denominators come from outside: losses and statistics of
// micro-batches add up to those of the whole optimizer step. Pure functions; thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace cohort {

enum class Aggregation {
  kTokenMean,     // over all tokens of the optimizer step (DAPO, arXiv 2503.14476)
  kSequenceMean,  // over sequences of each one's mean over its tokens (DeepSeekMath)
};

// What one optimizer step holds in its loss, over all of its micro-batches.
struct LossDenominators {
  int64_t tokens = 0;
  int64_t sequences = 0;
};

// The weight of every token of `lengths` completions, one completion after another: 1 / tokens, or
// 1 / (sequences × own length).
// Returns [sum of lengths] float32, CPU.
at::Tensor TokenWeights(std::span<const int64_t> lengths, Aggregation aggregation,
                        const LossDenominators& denominators);

enum class ImportanceCorrection {
  kOff,
  kTruncate,  // min(exp(proximal - behaviour), cap)
  kMask,      // exp(proximal - behaviour) inside [1 / cap, cap], else 0
};

struct GrpoLossOptions {
  double clip_low = 0.2;
  double clip_high = 0.2;
  double dual_clip = 0;       // 0: off, else > 1
  double kl_coefficient = 0;  // beta
  ImportanceCorrection correction = ImportanceCorrection::kOff;
  double importance_cap = 2.0;  // > 1, read when the correction is on
};

// n tokens of completions, all in the loss; [n] float32 tensors of one device. `undefined` is
// at::Tensor().
struct GrpoTokens {
  at::Tensor logprobs;    // [n] of the current policy, with gradients
  at::Tensor proximal;    // [n]; undefined: the current ones, so that every ratio is exactly 1
  at::Tensor behaviour;   // [n] as the sampler recorded them
  at::Tensor reference;   // [n]; may be undefined when kl_coefficient is 0
  at::Tensor entropy;     // [n] nats; undefined: not measured
  at::Tensor advantages;  // [n] each its sample's
  at::Tensor weights;     // [n] from TokenWeights
};

// Sums over tokens, so that micro-batches add up; divide by `tokens` for means.
struct GrpoStatistics {
  double tokens = 0;
  double ratio = 0;
  double ratio_below = 0;  // tokens with ratio < 1 - clip_low
  double ratio_above = 0;  // tokens with ratio > 1 + clip_high
  // Tokens that the clip takes out of the gradient: a ratio below with a negative advantage, a
  // ratio above with a positive one, and dual clip's.
  double clipped_low = 0;
  double clipped_high = 0;
  double dual_clipped = 0;
  double kl_reference = 0;       // k3 of current against reference; 0 without a reference
  double kl_behaviour = 0;       // k3 estimate of KL(behaviour ‖ proximal), ≥ 0
  double importance = 0;         // weights after truncation or masking; the token count when off
  double importance_capped = 0;  // tokens whose weight was truncated or masked
  double entropy = 0;            // 0 when not measured

  GrpoStatistics& operator+=(const GrpoStatistics& other);
};

struct GrpoLossResult {
  at::Tensor loss;  // [] float32; backward gives this micro-batch's share of the gradient
  GrpoStatistics statistics;
};

GrpoLossResult GrpoLoss(const GrpoTokens& tokens, const GrpoLossOptions& options);

// Supervised fine-tuning: -Σ weight × logprob. logprobs, weights: [n] float32; returns [].
at::Tensor SftLoss(const at::Tensor& logprobs, const at::Tensor& weights);

}  // namespace cohort
