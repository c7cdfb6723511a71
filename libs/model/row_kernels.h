// What a decoder computes row by row: RMSNorm with the residual sum, SwiGLU. Sums in float32 in one
// order; a row's bits depend on that row only. No torch; thread-safe.
#pragma once

#include <cstdint>

#include "libs/checkpoint/tensor.h"

namespace cohort {

// sum = x + delta, rounded to the type; normed = sum × rsqrt(mean(sum²) + eps) × weight.
struct AddRmsNormArguments {
  DType dtype = DType::kFloat32;
  int64_t rows = 0;
  int64_t width = 0;
  float eps = 0;
  const void* x = nullptr;       // [rows, width]
  const void* delta = nullptr;   // [rows, width] or null: nothing to add
  const void* weight = nullptr;  // [width]
  void* sum = nullptr;           // [rows, width]; null when delta is null
  void* normed = nullptr;        // [rows, width]
  float* inverse_rms = nullptr;  // [rows] or null
};
void AddRmsNorm(const AddRmsNormArguments& arguments);

// grad = grad_sum + what flows through the norm: the gradient of x and of delta alike.
struct RmsNormBackwardArguments {
  DType dtype = DType::kFloat32;
  int64_t rows = 0;
  int64_t width = 0;
  const void* sum = nullptr;           // [rows, width]
  const void* weight = nullptr;        // [width]
  const float* inverse_rms = nullptr;  // [rows]
  const void* grad_normed = nullptr;   // [rows, width]
  const void* grad_sum = nullptr;      // [rows, width] or null: zero
  void* grad = nullptr;                // [rows, width]
  float* grad_weight = nullptr;        // [width], overwritten
};
void RmsNormBackward(const RmsNormBackwardArguments& arguments);

// out = silu(gate) × up, with [gate, up] side by side in a row.
struct SwiGluArguments {
  DType dtype = DType::kFloat32;
  int64_t rows = 0;
  int64_t width = 0;              // of gate, of up and of out
  const void* gate_up = nullptr;  // [rows, 2 width]
  void* out = nullptr;            // [rows, width]
};
void SwiGlu(const SwiGluArguments& arguments);

struct SwiGluBackwardArguments {
  DType dtype = DType::kFloat32;
  int64_t rows = 0;
  int64_t width = 0;
  const void* gate_up = nullptr;   // [rows, 2 width]
  const void* grad_out = nullptr;  // [rows, width]
  void* grad_gate_up = nullptr;    // [rows, 2 width]
};
void SwiGluBackward(const SwiGluBackwardArguments& arguments);

}  // namespace cohort
