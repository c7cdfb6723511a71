// For which row counts does a matrix product give a row the same bits?
//
// At a fixed number of rows it does so wherever the row lies; between counts a library picks other
// kernels, and on some machines (AMX) other sums. The classes of counts that agree are found at
// start on this machine for each weight shape, with at least 10^6 outputs a count. Decode and
// training take their blocks from one class. The same machine always finds the same classes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "libs/checkpoint/model_config.h"
#include "libs/checkpoint/tensor.h"

namespace cohort {

// Row counts of one class, ascending; the blocks that a product over any number of rows uses.
struct RowLadder {
  std::vector<int64_t> counts;
  // False when not even a single count gave a row the same bits at every place: nothing to build
  // on, actor and learner will differ. Reported by a warning in the log.
  bool same_bits = true;

  // Blocks for n rows: their sum is ≥ n, all but the last are full.
  std::vector<int64_t> Split(int64_t rows) const;
  std::string ToString() const;  // "16 32 64 …"
};

// Ladders of a layer's four products.
struct LinearLadders {
  RowLadder qkv, output, gate_up, down;
  bool same_bits() const {
    return qkv.same_bits && output.same_bits && gate_up.same_bits && down.same_bits;
  }
};

// For weights of [outputs, inputs] in `dtype`.
RowLadder FindRowLadder(int64_t outputs, int64_t inputs, DType dtype);
LinearLadders FindLinearLadders(const ModelConfig& config, DType dtype);

// x [n, inputs] × w [outputs, inputs]ᵀ → [n, outputs] in blocks of the ladder. No gradients; see
// row_ops.h for those.
at::Tensor BlockedLinear(const at::Tensor& x, const at::Tensor& w, const RowLadder& ladder);

}  // namespace cohort
