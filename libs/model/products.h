// Matrix products in the compute type: sums in float32, rounded once.
//
// libtorch hands bfloat16 products to oneDNN where the processor has AVX-512 and does them in plain
// loops elsewhere. There the factors are widened and multiplied as float32, which is the same
// product (measured on Zen 3: 60 to 80 GFLOP/s against 10, and against 2 in the backward pass).
// What decides is the processor alone: a machine always computes alike.
#pragma once

#include <ATen/core/Tensor.h>

namespace cohort {

// a [n, k] × b [k, m] → [n, m]; a and b of one type, float32 or bfloat16, any strides. No
// gradients.
at::Tensor Product(const at::Tensor& a, const at::Tensor& b);

// The same into `out` [n, m] of that type, dense.
void ProductInto(at::Tensor& out, const at::Tensor& a, const at::Tensor& b);

}  // namespace cohort
