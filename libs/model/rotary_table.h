// Cosines and sines of the rotary embedding (Su et al., RoFormer, 2021; halves rotated as in
// Llama), computed as Hugging Face does: inverse frequencies and angles in float32. Immutable;
// thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "libs/checkpoint/model_config.h"

namespace cohort {

class RotaryTable {
 public:
  explicit RotaryTable(const ModelConfig& config);
  const float* Cos(int64_t position) const { return &cos_[Index(position)]; }  // [head_dim / 2]
  const float* Sin(int64_t position) const { return &sin_[Index(position)]; }  // [head_dim / 2]

 private:
  size_t Index(int64_t position) const { return static_cast<size_t>(position * half_); }
  int64_t half_;
  std::vector<float> cos_;  // [max_positions, head_dim / 2]
  std::vector<float> sin_;
};

}  // namespace cohort
