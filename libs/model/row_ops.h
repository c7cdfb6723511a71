// The decoder's operations on tensors, with gradients where a tensor wants them.
//
// Each is a thin cover over a kernel (row_kernels.h, attention_kernel.h) or a blocked product. All
// tensors are CPU, dense, of the compute type unless said otherwise. Under at::NoGradGuard nothing
// is saved.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "libs/checkpoint/tensor.h"
#include "libs/model/attention_kernel.h"
#include "libs/model/rotary_table.h"
#include "libs/model/row_classes.h"

namespace cohort {

// Masters, float32, [rows_i, columns] or [columns] each, one below the other, rounded to `dtype`.
// Always new memory. Gradients come back widened.
at::Tensor FuseRounded(const std::vector<at::Tensor>& masters, DType dtype);

// Rows of `embedding` [vocab, hidden] for ids [n] int64. The gradient goes to `master` (float32,
// may be undefined), past the rounding.
at::Tensor EmbedRows(const at::Tensor& embedding, const at::Tensor& master, const at::Tensor& ids);

// x [n, inputs] × w [outputs, inputs]ᵀ in blocks of the ladder → [n, outputs].
at::Tensor Linear(const at::Tensor& x, const at::Tensor& w, const RowLadder& ladder);

// {x + delta, RMSNorm(x + delta) × weight}; an undefined delta is zero. x, delta [n, hidden],
// weight [hidden].
std::pair<at::Tensor, at::Tensor> AddRmsNormed(const at::Tensor& x, const at::Tensor& delta,
                                               const at::Tensor& weight, double eps);

// silu(gate) × up: [n, 2 width] → [n, width].
at::Tensor SwiGlued(const at::Tensor& gate_up);

// The sequences of a packed batch.
struct AttentionPlan {
  AttentionShape shape;
  std::vector<AttentionSegment> segments;
  std::vector<int32_t> positions;  // one per row
  std::shared_ptr<const RotaryTable> rotary;
};
// Rotary embedding and causal attention over segments and their prefixes: [n, RowElements()] →
// [n, heads head_dim]. Overwrites qkv (its queries and keys are rotated in place).
at::Tensor Attend(const at::Tensor& qkv, std::shared_ptr<const AttentionPlan> plan);

}  // namespace cohort
