// Grouped-query attention on the CPU, in one order of sums, without torch.
//
// The same code serves decode, prefill and the training forward. For each row and head, in float32:
// all scores first, each a sum over the head's dimension; their maximum; then, block of 64 keys by
// block, exponentials, their sum and the weighted sum of the values, key after key. Keys that a row
// does not see contribute nothing, not even a rounding, so a row's bits depend on its own query and
// the keys it sees, in the blocks in which they lie, and on nothing else. Blocks start anew at a
// segment's first row; those of its prefix come first.
//
// Block layout for one layer (type T, float or bfloat16 bits): [kv_heads] of keys [width][64]
// followed by values [64][width], with width = head_dim rounded up to 16, padded with zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "libs/checkpoint/tensor.h"
#include "libs/model/rotary_table.h"

namespace cohort {

struct AttentionShape {
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  DType dtype = DType::kFloat32;

  int64_t Width() const { return (head_dim + 15) / 16 * 16; }
  // Elements of a row of queries, keys and values.
  int64_t RowElements() const { return (heads + 2 * kv_heads) * head_dim; }
  // Bytes of one layer of a block of 64 positions.
  int64_t BlockBytes() const { return kv_heads * 2 * 64 * Width() * DTypeBytes(dtype); }
};

// Consecutive query rows of one sequence.
struct AttentionRows {
  int64_t first_row = 0;
  int64_t rows = 0;
  std::vector<std::byte*> prefix;  // blocks that every row sees, prefix_keys of them
  int64_t prefix_keys = 0;
  std::vector<std::byte*> own;  // row i of these sees own_keys + i keys
  int64_t own_keys = 1;
};

struct AttentionForwardArguments {
  AttentionShape shape;
  std::span<const AttentionRows> sequences;
  const void* qkv = nullptr;  // [rows, RowElements()], queries rotated
  void* out = nullptr;        // [rows, heads head_dim]
  float* lse = nullptr;       // [rows, heads] log Σ exp of the scaled scores, or null
};
void AttentionForward(const AttentionForwardArguments& arguments);

// Rotates the queries and keys of each row in place (inverse angles for gradients of float32 are
// applied inside AttentionBackward).
struct RotateArguments {
  AttentionShape shape;
  void* qkv = nullptr;                 // [rows, RowElements()]
  std::span<const int32_t> positions;  // one per row
  const RotaryTable* rotary = nullptr;
};
void RotateRows(const RotateArguments& arguments);

// Writes keys and values of rows [first_row, first_row + rows) to places first_key, first_key + 1,
// … of `blocks`.
void StoreKeys(const AttentionShape& shape, const void* qkv, int64_t first_row, int64_t rows,
               std::span<std::byte* const> blocks, int64_t first_key);

// Gradients with respect to the unrotated rows. A sequence's rows are a whole segment here
// (own_keys is 1); prefix and own name segments by index.
struct AttentionSegment {
  int64_t first_row = 0;
  int64_t rows = 0;
  int64_t prefix = -1;
};
struct AttentionBackwardArguments {
  AttentionShape shape;
  std::span<const AttentionSegment> segments;
  const void* qkv = nullptr;       // [rows, RowElements()], rotated
  const void* out = nullptr;       // [rows, heads head_dim]
  const void* grad_out = nullptr;  // like out
  const float* lse = nullptr;      // [rows, heads]
  void* grad_qkv = nullptr;        // [rows, RowElements()], overwritten
  std::span<const int32_t> positions;
  const RotaryTable* rotary = nullptr;
};
void AttentionBackward(const AttentionBackwardArguments& arguments);

}  // namespace cohort
