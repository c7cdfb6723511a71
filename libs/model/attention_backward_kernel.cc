// Gradients of attention: probabilities are computed again from the saved log-sums. Per head of
// keys, all segments' keys and values are laid out both ways, gradients of keys and values are
// summed in float32 over all rows that see them (a prefix's over all its completions), in the order
// of rows.
#include <algorithm>

#include "libs/model/attention_kernel.h"
#include "libs/model/attention_tiles.h"
#include "libs/model/kv_cache.h"
#include "libs/model/simd.h"

namespace cohort {
namespace {

// out[j][d] += Σ_i weights[i][j] rows[i][d] for j < keys_in.
template <typename V, int items, int vectors>
COHORT_INLINE void ScatterColumns(const float* rows, int64_t width, int64_t keys_in,
                                  const float* weights, float* out, int64_t from) {
  typename V::Floats row[items][vectors];
  for (int i = 0; i < items; ++i) {
    for (int v = 0; v < vectors; ++v) row[i][v] = V::Load(rows + i * width + from + v * V::kLanes);
  }
  for (int64_t j = 0; j < keys_in; ++j) {
    float* to = out + j * width + from;
    typename V::Floats sum[vectors];
    for (int v = 0; v < vectors; ++v) sum[v] = V::Load(to + v * V::kLanes);
    for (int i = 0; i < items; ++i) {
      const auto weight = V::All(weights[i * kKeyBlock + j]);
      for (int v = 0; v < vectors; ++v) sum[v] += weight * row[i][v];
    }
    for (int v = 0; v < vectors; ++v) V::Store(to + v * V::kLanes, sum[v]);
  }
}

template <typename V, int items>
COHORT_INLINE void ScatterRows(const float* rows, int64_t width, int64_t keys_in,
                               const float* weights, float* out) {
  constexpr int kMany = V::kLanes == 16 ? 4 : 2;
  int64_t d = 0;
  for (; d + kMany * V::kLanes <= width; d += kMany * V::kLanes) {
    ScatterColumns<V, items, kMany>(rows, width, keys_in, weights, out, d);
  }
  for (; d < width; d += V::kLanes) {
    ScatterColumns<V, items, 1>(rows, width, keys_in, weights, out, d);
  }
}

// The transpose of a rotation, in place.
COHORT_INLINE void RotateBack(float* head, int64_t half, const float* cos, const float* sin) {
  for (int64_t d = 0; d < half; ++d) {
    const float a = head[d];
    const float b = head[d + half];
    head[d] = a * cos[d] + b * sin[d];
    head[d + half] = b * cos[d] - a * sin[d];
  }
}

template <typename V, typename T>
class BackwardPass {
 public:
  explicit BackwardPass(const AttentionBackwardArguments& arguments)
      : arguments_(arguments),
        shape_(arguments.shape),
        width_(shape_.Width()),
        panel_(kKeyBlock * width_),
        scale_(1.0f / std::sqrt(static_cast<float>(shape_.head_dim))) {
    int64_t blocks = 0;
    for (const AttentionSegment& segment : arguments.segments) {
      first_block_.push_back(blocks);
      blocks += BlocksFor(segment.rows);
    }
    const auto size = static_cast<size_t>(blocks * panel_);
    keys_across_.resize(size);
    keys_.resize(size);
    values_across_.resize(size);
    grad_keys_.resize(size);
    grad_values_.resize(size);
  }

  COHORT_INLINE void Run() {
    for (int64_t kv_head = 0; kv_head < shape_.kv_heads; ++kv_head) {
      LayOut(kv_head);
      for (const AttentionSegment& segment : arguments_.segments) RunSegment(segment, kv_head);
      WriteKeyGradients(kv_head);
    }
  }

 private:
  COHORT_INLINE const T* Row(int64_t row) const {
    return static_cast<const T*>(arguments_.qkv) + row * shape_.RowElements();
  }
  COHORT_INLINE T* GradRow(int64_t row) const {
    return static_cast<T*>(arguments_.grad_qkv) + row * shape_.RowElements();
  }
  COHORT_INLINE int64_t KeyOffset(int64_t kv_head) const {
    return (shape_.heads + kv_head) * shape_.head_dim;
  }
  COHORT_INLINE int64_t ValueOffset(int64_t kv_head) const {
    return (shape_.heads + shape_.kv_heads + kv_head) * shape_.head_dim;
  }

  COHORT_INLINE void LayOut(int64_t kv_head) {
    std::fill(keys_across_.begin(), keys_across_.end(), T{});
    std::fill(keys_.begin(), keys_.end(), T{});
    std::fill(values_across_.begin(), values_across_.end(), T{});
    std::fill(grad_keys_.begin(), grad_keys_.end(), 0.0f);
    std::fill(grad_values_.begin(), grad_values_.end(), 0.0f);
    for (size_t s = 0; s < arguments_.segments.size(); ++s) {
      const AttentionSegment& segment = arguments_.segments[s];
      for (int64_t i = 0; i < segment.rows; ++i) {
        const T* key = Row(segment.first_row + i) + KeyOffset(kv_head);
        const T* value = Row(segment.first_row + i) + ValueOffset(kv_head);
        const int64_t block = (first_block_[s] + i / kKeyBlock) * panel_;
        const int64_t column = i % kKeyBlock;
        T* keys_across = keys_across_.data() + block + column;
        T* values_across = values_across_.data() + block + column;
        std::copy_n(key, shape_.head_dim, keys_.data() + block + column * width_);
        for (int64_t d = 0; d < shape_.head_dim; ++d) {
          keys_across[d * kKeyBlock] = key[d];
          values_across[d * kKeyBlock] = value[d];
        }
      }
    }
  }

  COHORT_INLINE void RunSegment(const AttentionSegment& segment, int64_t kv_head) {
    const int64_t items = segment.rows * (shape_.heads / shape_.kv_heads);
    int64_t first = 0;
    for (; first + 4 <= items; first += 4) Tile<4>(segment, kv_head, first);
    switch (items - first) {
      case 3:
        return Tile<3>(segment, kv_head, first);
      case 2:
        return Tile<2>(segment, kv_head, first);
      case 1:
        return Tile<1>(segment, kv_head, first);
      default:
        return;
    }
  }

  template <int items>
  COHORT_INLINE void Tile(const AttentionSegment& segment, int64_t kv_head, int64_t first) {
    const int64_t group = shape_.heads / shape_.kv_heads;
    for (int i = 0; i < items; ++i) {
      row_[i] = segment.first_row + (first + i) / group;
      head_[i] = kv_head * group + (first + i) % group;
      const int64_t place = (row_[i] * shape_.heads + head_[i]) * shape_.head_dim;
      const T* grad_out = static_cast<const T*>(arguments_.grad_out) + place;
      const T* out = static_cast<const T*>(arguments_.out) + place;
      LoadScaled(Row(row_[i]) + head_[i] * shape_.head_dim, shape_.head_dim, width_, scale_,
                 queries_.data() + i * width_);
      LoadScaled(grad_out, shape_.head_dim, width_, 1.0f, grads_.data() + i * width_);
      delta_[i] = 0;
      for (int64_t d = 0; d < shape_.head_dim; ++d) {
        delta_[i] += ToFloat(grad_out[d]) * ToFloat(out[d]);
      }
      lse_[i] = arguments_.lse[row_[i] * shape_.heads + head_[i]];
      std::fill_n(grad_queries_.data() + i * width_, width_, 0.0f);
    }
    if (segment.prefix >= 0) {
      const AttentionSegment& prefix = arguments_.segments[static_cast<size_t>(segment.prefix)];
      int64_t seen[items];
      for (int64_t& s : seen) s = prefix.rows;
      Sequence<items>(prefix, seen);
    }
    int64_t seen[items];
    for (int i = 0; i < items; ++i) seen[i] = (first + i) / group + 1;
    Sequence<items>(segment, seen);

    for (int i = 0; i < items; ++i) {
      float* grad = grad_queries_.data() + i * width_;
      for (int64_t d = 0; d < shape_.head_dim; ++d) grad[d] *= scale_;
      Rotate(grad, row_[i]);
      T* to = GradRow(row_[i]) + head_[i] * shape_.head_dim;
      for (int64_t d = 0; d < shape_.head_dim; ++d) FromFloat(to + d, grad[d]);
    }
  }

  // The tile against the keys of one segment, of which item i sees the first seen[i].
  template <int items>
  COHORT_INLINE void Sequence(const AttentionSegment& keys_of, const int64_t (&seen)[items]) {
    const auto index = static_cast<size_t>(&keys_of - arguments_.segments.data());
    const int64_t most = seen[items - 1];
    for (int64_t b = 0; b < BlocksFor(most); ++b) {
      const int64_t at = (first_block_[index] + b) * panel_;
      const int64_t keys_in = std::min(kKeyBlock, most - b * kKeyBlock);
      ScoreBlock<V, items>(keys_across_.data() + at, shape_.head_dim, queries_.data(), width_,
                           keys_in, weights_, kKeyBlock);
      ScoreBlock<V, items>(values_across_.data() + at, shape_.head_dim, grads_.data(), width_,
                           keys_in, grad_scores_, kKeyBlock);
      for (int i = 0; i < items; ++i) {
        float* weights = weights_ + i * kKeyBlock;
        float* grad_scores = grad_scores_ + i * kKeyBlock;
        const int64_t end = std::clamp<int64_t>(seen[i] - b * kKeyBlock, 0, keys_in);
        for (int64_t j = end; j < RoundUp(keys_in, V::kLanes); ++j) weights[j] = kMinusInfinity;
        for (int64_t j = 0; j < keys_in; j += V::kLanes) {
          const auto p = V::Exp(V::Load(weights + j) - lse_[i]);
          V::Store(weights + j, p);
          V::Store(grad_scores + j, p * (V::Load(grad_scores + j) - delta_[i]));
        }
      }
      AccumulateRows<V, items>(keys_.data() + at, width_, keys_in, grad_scores_, kKeyBlock,
                               grad_queries_.data(), width_);
      ScatterRows<V, items>(queries_.data(), width_, keys_in, grad_scores_, grad_keys_.data() + at);
      ScatterRows<V, items>(grads_.data(), width_, keys_in, weights_, grad_values_.data() + at);
    }
  }

  COHORT_INLINE void WriteKeyGradients(int64_t kv_head) {
    for (size_t s = 0; s < arguments_.segments.size(); ++s) {
      const AttentionSegment& segment = arguments_.segments[s];
      for (int64_t i = 0; i < segment.rows; ++i) {
        const int64_t at = (first_block_[s] + i / kKeyBlock) * panel_ + i % kKeyBlock * width_;
        const int64_t row = segment.first_row + i;
        Rotate(grad_keys_.data() + at, row);
        T* key = GradRow(row) + KeyOffset(kv_head);
        T* value = GradRow(row) + ValueOffset(kv_head);
        for (int64_t d = 0; d < shape_.head_dim; ++d) {
          FromFloat(key + d, grad_keys_[static_cast<size_t>(at + d)]);
          FromFloat(value + d, grad_values_[static_cast<size_t>(at + d)]);
        }
      }
    }
  }

  COHORT_INLINE void Rotate(float* grad, int64_t row) const {
    const int32_t position = arguments_.positions[static_cast<size_t>(row)];
    RotateBack(grad, shape_.head_dim / 2, arguments_.rotary->Cos(position),
               arguments_.rotary->Sin(position));
  }

  const AttentionBackwardArguments& arguments_;
  const AttentionShape& shape_;
  const int64_t width_;
  const int64_t panel_;  // elements of one head's block
  const float scale_;
  std::vector<int64_t> first_block_;  // per segment
  std::vector<T> keys_across_;        // [blocks][width][64]
  std::vector<T> keys_;               // [blocks][64][width]
  std::vector<T> values_across_;      // [blocks][width][64]
  std::vector<float> grad_keys_;      // [blocks][64][width]
  std::vector<float> grad_values_;    // [blocks][64][width]

  // The tile.
  int64_t row_[kTileItems];
  int64_t head_[kTileItems];
  float lse_[kTileItems];
  float delta_[kTileItems];
  std::vector<float> queries_ = std::vector<float>(static_cast<size_t>(kTileItems * width_));
  std::vector<float> grads_ = queries_;         // [4, width]
  std::vector<float> grad_queries_ = queries_;  // [4, width]
  float weights_[kTileItems * kKeyBlock];
  float grad_scores_[kTileItems * kKeyBlock];
};

template <typename V>
COHORT_INLINE void AttentionBackwardBody(const AttentionBackwardArguments& arguments) {
  if (arguments.shape.dtype == DType::kBFloat16) {
    BackwardPass<V, BFloat16>(arguments).Run();
  } else {
    BackwardPass<V, float>(arguments).Run();
  }
}

}  // namespace

COHORT_KERNEL(AttentionBackward, AttentionBackwardArguments)

}  // namespace cohort
