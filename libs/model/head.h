// From hidden rows to log-probabilities: one arithmetic for actor, learner and reference.
//
// Logits are float32 sums over the rounded weights widened, each in the order of the hidden index,
// by a kernel of our own (head_kernel.h): a row's bits do not depend on the number of rows.
// log p(t) = z_t - log Σ exp z_j with z = logits / temperature, under the full softmax.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "libs/model/compute_weights.h"
#include "libs/model/head_kernel.h"

namespace cohort {

// hidden [n, hidden] compute type → [n, vocab] float32. No gradients. For actors: rows of one
// decode step.
at::Tensor HeadLogits(const ComputeWeights& weights, const at::Tensor& hidden);

struct TokenLogprobs {
  at::Tensor logprobs;  // [n] float32
  at::Tensor entropy;   // [n] float32, nats, without gradient; undefined unless asked for
};

// log p(targets[i] | hidden[i]) at `temperature` > 0, with gradients to hidden and to the head's
// master where there are any. Never holds [n, vocab] in float32: chunks of rows, whose logits
// backward computes again. Rows whose incoming gradient is zero cost nothing in backward.
// hidden: [n, hidden] compute type; targets: [n] int64, CPU, inside the vocabulary.
TokenLogprobs SelectedLogprobs(const ComputeWeights& weights, const at::Tensor& hidden,
                               const at::Tensor& targets, double temperature, bool with_entropy);

}  // namespace cohort
