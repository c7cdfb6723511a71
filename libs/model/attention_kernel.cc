#include "libs/model/attention_kernel.h"

#include <algorithm>

#include "libs/model/attention_tiles.h"
#include "libs/model/kv_cache.h"
#include "libs/model/simd.h"

namespace cohort {
namespace {

// The rows of one sequence and head of keys, as items (row, query head of the group).
template <typename V, typename T>
struct ForwardPass {
  const AttentionForwardArguments& arguments;
  const AttentionRows& sequence;
  AttentionScratch& scratch;
  int64_t kv_head;

  // Scores, maximum, exponentials, sums and output of `items` items from `first`.
  template <int items>
  COHORT_INLINE void Tile(int64_t first) {
    const AttentionShape& shape = arguments.shape;
    const int64_t group = shape.heads / shape.kv_heads;
    const int64_t width = shape.Width();
    int64_t row[items], head[items], own_seen[items];
    for (int i = 0; i < items; ++i) {
      const int64_t local = (first + i) / group;
      row[i] = sequence.first_row + local;
      head[i] = kv_head * group + (first + i) % group;
      own_seen[i] = sequence.own_keys + local;
      const T* q = static_cast<const T*>(arguments.qkv) + row[i] * shape.RowElements() +
                   head[i] * shape.head_dim;
      LoadScaled(q, shape.head_dim, width, scratch.scale, scratch.Query(i));
    }
    const int64_t own_most = own_seen[items - 1];
    const int64_t prefix_blocks = BlocksFor(sequence.prefix_keys);
    const int64_t blocks = prefix_blocks + BlocksFor(own_most);

    float most[items];
    for (float& m : most) m = kMinusInfinity;
    for (int64_t b = 0; b < blocks; ++b) {
      const BlockView<T> block = View(b, prefix_blocks, own_most);
      ScoreBlock<V, items>(block.keys, shape.head_dim, scratch.Query(0), scratch.width,
                           block.keys_in, scratch.Scores(b), scratch.stride);
      for (int i = 0; i < items; ++i) {
        float* scores = scratch.Scores(b) + i * scratch.stride;
        const int64_t seen =
            b < prefix_blocks ? block.keys_in
                              : std::clamp<int64_t>(own_seen[i] - (b - prefix_blocks) * kKeyBlock,
                                                    0, block.keys_in);
        const int64_t end = RoundUp(block.keys_in, V::kLanes);
        for (int64_t j = seen; j < end; ++j) scores[j] = kMinusInfinity;
        typename V::Floats top = V::All(most[i]);
        for (int64_t j = 0; j < end; j += V::kLanes) top = V::Max(top, V::Load(scores + j));
        most[i] = V::Largest(top);
      }
    }

    typename V::Floats sum[items];
    for (auto& s : sum) s = V::All(0);
    for (int i = 0; i < items; ++i) {
      std::fill_n(scratch.Output(i), width, 0.0f);
      for (int64_t b = 0; b < blocks; ++b) {
        float* scores = scratch.Scores(b) + i * scratch.stride;
        const int64_t end = RoundUp(KeysIn(b, prefix_blocks, own_most), V::kLanes);
        for (int64_t j = 0; j < end; j += V::kLanes) {
          const auto p = V::Exp(V::Load(scores + j) - most[i]);
          V::Store(scores + j, p);
          sum[i] += p;
        }
      }
    }
    for (int64_t b = 0; b < blocks; ++b) {
      const BlockView<T> block = View(b, prefix_blocks, own_most);
      AccumulateRows<V, items>(block.values, width, block.keys_in, scratch.Scores(b),
                               scratch.stride, scratch.Output(0), scratch.width);
    }
    for (int i = 0; i < items; ++i) {
      const float total = V::Sum(sum[i]);
      T* out = static_cast<T*>(arguments.out) + (row[i] * shape.heads + head[i]) * shape.head_dim;
      for (int64_t d = 0; d < shape.head_dim; ++d) FromFloat(out + d, scratch.Output(i)[d] / total);
      if (arguments.lse != nullptr) {
        arguments.lse[row[i] * shape.heads + head[i]] = most[i] + std::log(total);
      }
    }
  }

  COHORT_INLINE int64_t KeysIn(int64_t b, int64_t prefix_blocks, int64_t own_most) const {
    return b < prefix_blocks ? std::min(kKeyBlock, sequence.prefix_keys - b * kKeyBlock)
                             : std::min(kKeyBlock, own_most - (b - prefix_blocks) * kKeyBlock);
  }
  COHORT_INLINE BlockView<T> View(int64_t b, int64_t prefix_blocks, int64_t own_most) const {
    const std::byte* memory = b < prefix_blocks
                                  ? sequence.prefix[static_cast<size_t>(b)]
                                  : sequence.own[static_cast<size_t>(b - prefix_blocks)];
    const int64_t panel = kKeyBlock * arguments.shape.Width();
    const T* keys = reinterpret_cast<const T*>(memory) + kv_head * 2 * panel;
    return {keys, keys + panel, KeysIn(b, prefix_blocks, own_most)};
  }

  COHORT_INLINE void Run() {
    const int64_t items = sequence.rows * (arguments.shape.heads / arguments.shape.kv_heads);
    int64_t first = 0;
    for (; first + 4 <= items; first += 4) Tile<4>(first);
    switch (items - first) {
      case 3:
        return Tile<3>(first);
      case 2:
        return Tile<2>(first);
      case 1:
        return Tile<1>(first);
      default:
        return;
    }
  }
};

template <typename V, typename T>
COHORT_INLINE void ForwardAll(const AttentionForwardArguments& arguments) {
  int64_t most_blocks = 0;
  for (const AttentionRows& sequence : arguments.sequences) {
    most_blocks = std::max(most_blocks, BlocksFor(sequence.prefix_keys) +
                                            BlocksFor(sequence.own_keys + sequence.rows - 1));
  }
  AttentionScratch scratch(arguments.shape, most_blocks);
  for (const AttentionRows& sequence : arguments.sequences) {
    for (int64_t kv_head = 0; kv_head < arguments.shape.kv_heads; ++kv_head) {
      ForwardPass<V, T>{arguments, sequence, scratch, kv_head}.Run();
    }
  }
}

template <typename V>
COHORT_INLINE void AttentionForwardBody(const AttentionForwardArguments& arguments) {
  if (arguments.shape.dtype == DType::kBFloat16) {
    ForwardAll<V, BFloat16>(arguments);
  } else {
    ForwardAll<V, float>(arguments);
  }
}

template <typename T>
COHORT_INLINE void RotateHead(T* head, int64_t half, const float* cos, const float* sin) {
  for (int64_t d = 0; d < half; ++d) {
    const float a = ToFloat(head[d]);
    const float b = ToFloat(head[d + half]);
    FromFloat(head + d, a * cos[d] - b * sin[d]);
    FromFloat(head + d + half, b * cos[d] + a * sin[d]);
  }
}

template <typename T>
COHORT_INLINE void RotateAll(const RotateArguments& arguments) {
  const AttentionShape& shape = arguments.shape;
  for (size_t row = 0; row < arguments.positions.size(); ++row) {
    const float* cos = arguments.rotary->Cos(arguments.positions[row]);
    const float* sin = arguments.rotary->Sin(arguments.positions[row]);
    T* heads = static_cast<T*>(arguments.qkv) + static_cast<int64_t>(row) * shape.RowElements();
    for (int64_t h = 0; h < shape.heads + shape.kv_heads; ++h) {
      RotateHead(heads + h * shape.head_dim, shape.head_dim / 2, cos, sin);
    }
  }
}

template <typename V>
COHORT_INLINE void RotateRowsBody(const RotateArguments& arguments) {
  if (arguments.shape.dtype == DType::kBFloat16) {
    RotateAll<BFloat16>(arguments);
  } else {
    RotateAll<float>(arguments);
  }
}

template <typename T>
void StoreKeysOf(const AttentionShape& shape, const T* qkv, int64_t first_row, int64_t rows,
                 std::span<std::byte* const> blocks, int64_t first_key) {
  const int64_t panel = kKeyBlock * shape.Width();
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t place = first_key + i;
    const int64_t column = place % kKeyBlock;
    const T* keys = qkv + (first_row + i) * shape.RowElements() + shape.heads * shape.head_dim;
    const T* values = keys + shape.kv_heads * shape.head_dim;
    T* block = reinterpret_cast<T*>(blocks[static_cast<size_t>(place / kKeyBlock)]);
    for (int64_t h = 0; h < shape.kv_heads; ++h) {
      T* to_keys = block + h * 2 * panel + column;
      T* to_values = block + h * 2 * panel + panel + column * shape.Width();
      for (int64_t d = 0; d < shape.head_dim; ++d) {
        to_keys[d * kKeyBlock] = keys[h * shape.head_dim + d];
        to_values[d] = values[h * shape.head_dim + d];
      }
    }
  }
}

}  // namespace

COHORT_KERNEL(AttentionForward, AttentionForwardArguments)
COHORT_KERNEL(RotateRows, RotateArguments)

void StoreKeys(const AttentionShape& shape, const void* qkv, int64_t first_row, int64_t rows,
               std::span<std::byte* const> blocks, int64_t first_key) {
  if (shape.dtype == DType::kBFloat16) {
    StoreKeysOf(shape, static_cast<const BFloat16*>(qkv), first_row, rows, blocks, first_key);
  } else {
    StoreKeysOf(shape, static_cast<const float*>(qkv), first_row, rows, blocks, first_key);
  }
}

}  // namespace cohort
