// The head's arithmetic without torch: logits of rows, and what is read from a row of logits.
//
// Pure functions of memory; thread-safe. The order of every sum is fixed per row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "libs/checkpoint/tensor.h"

namespace cohort {

inline constexpr int64_t kHeadPanel = 64;  // columns of the vocabulary that lie together

// The head's weights laid out for the kernel: [ceil(vocab / 64)][hidden][64], padded with zeros.
struct PackedHead {
  int64_t vocab = 0;
  int64_t hidden = 0;
  DType dtype = DType::kFloat32;
  std::shared_ptr<const std::byte[]> data;  // 64-byte aligned
};

// weights: [vocab, hidden] of `dtype` (kFloat32 or kBFloat16), dense. SmolLM2 in bfloat16: ~30 ms.
PackedHead PackHead(const void* weights, int64_t vocab, int64_t hidden, DType dtype);

// logits[r * stride + v] = Σ_k hidden[r, k] head[v, k], float32, k ascending. hidden: [rows,
// hidden] of the head's type, dense; stride ≥ vocab elements.
void ComputeLogits(const PackedHead& head, const void* hidden, int64_t rows, float* logits,
                   int64_t stride);

// A row of logits at a temperature: z = logits × inverse_temperature.
struct RowSoftmax {
  float max = 0;          // of z
  float log_sum_exp = 0;  // log Σ exp z
  float entropy = 0;      // nats; 0 unless asked for
};
// A row that holds a NaN gives NaN.
RowSoftmax SoftmaxOfRow(std::span<const float> logits, float inverse_temperature,
                        bool with_entropy = false);

// log p(token): what actors record and learners compute, to the bit.
float LogprobOf(std::span<const float> logits, int64_t token, float inverse_temperature,
                const RowSoftmax& softmax);

// The lowest index of the largest logit.
int64_t ArgmaxOfRow(std::span<const float> logits);

// The first index whose cumulative probability exceeds `uniform` in [0, 1), in index order: a draw
// from the full softmax by the inverse of its distribution function. Never an index of probability
// zero.
int64_t DrawFromRow(std::span<const float> logits, float inverse_temperature,
                    const RowSoftmax& softmax, double uniform);

// out[v] = grad × inverse_temperature × ((v == target) - exp(z_v - log Σ exp z)) in `dtype`: the
// gradient of log p(target) with respect to the logits, times grad.
void LogitGradients(std::span<const float> logits, int64_t target, float inverse_temperature,
                    float log_sum_exp, float grad, DType dtype, void* out);

}  // namespace cohort
