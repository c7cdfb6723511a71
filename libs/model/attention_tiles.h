// The inner loops that attention's forward and backward share: up to four (row, head) items against
// one block of 64 keys. For kernels' .cc files only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "libs/model/attention_kernel.h"
#include "libs/model/kv_cache.h"
#include "libs/model/simd.h"

namespace cohort {

inline constexpr int kTileItems = 4;

COHORT_INLINE int64_t BlocksFor(int64_t keys) { return (keys + kKeyBlock - 1) / kKeyBlock; }
COHORT_INLINE int64_t RoundUp(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

template <typename T>
struct BlockView {
  const T* keys;    // [width][64]
  const T* values;  // [64][width]
  int64_t keys_in;  // how many of the 64 any item of the tile sees
};

// Memory of one tile: queries, scores of all blocks, outputs.
struct AttentionScratch {
  AttentionScratch(const AttentionShape& shape, int64_t blocks)
      : width(shape.Width()),
        stride(blocks * kKeyBlock),
        scale(1.0f / std::sqrt(static_cast<float>(shape.head_dim))),
        queries(static_cast<size_t>(kTileItems * width)),
        scores(static_cast<size_t>(kTileItems * stride)),
        outputs(static_cast<size_t>(kTileItems * width)) {}

  float* Query(int64_t item) { return &queries[static_cast<size_t>(item * width)]; }
  float* Output(int64_t item) { return &outputs[static_cast<size_t>(item * width)]; }
  // Of item 0; item i's lie i × stride further.
  float* Scores(int64_t block) { return &scores[static_cast<size_t>(block * kKeyBlock)]; }

  int64_t width;
  int64_t stride;
  float scale;
  std::vector<float> queries;  // [4, width], scaled
  std::vector<float> scores;   // [4, blocks × 64]
  std::vector<float> outputs;  // [4, width]
};

template <typename T>
COHORT_INLINE void LoadScaled(const T* from, int64_t head_dim, int64_t width, float scale,
                              float* to) {
  for (int64_t d = 0; d < head_dim; ++d) to[d] = ToFloat(from[d]) * scale;
  for (int64_t d = head_dim; d < width; ++d) to[d] = 0;
}

// scores[i * score_stride + j] = Σ_d queries[i * query_stride + d] keys[d][j] for j < keys_in (and
// on to the end of the last vectors).
template <typename V, int items, typename T>
COHORT_INLINE void ScoreBlock(const T* keys, int64_t head_dim, const float* queries,
                              int64_t query_stride, int64_t keys_in, float* scores,
                              int64_t score_stride) {
  constexpr int kVectors = 2;
  for (int64_t j = 0; j < keys_in; j += kVectors * V::kLanes) {
    typename V::Floats sum[items][kVectors] = {};
    for (int64_t d = 0; d < head_dim; ++d) {
      const auto a = V::Load(keys + d * kKeyBlock + j);
      const auto b = V::Load(keys + d * kKeyBlock + j + V::kLanes);
      for (int i = 0; i < items; ++i) {
        const auto q = V::All(queries[i * query_stride + d]);
        sum[i][0] += q * a;
        sum[i][1] += q * b;
      }
    }
    for (int i = 0; i < items; ++i) {
      V::Store(scores + i * score_stride + j, sum[i][0]);
      V::Store(scores + i * score_stride + j + V::kLanes, sum[i][1]);
    }
  }
}

// out[i][d] += Σ_j weights[i][j] rows[j][d], j ascending; `vectors` vectors of d from `from`.
template <typename V, int items, int vectors, typename T>
COHORT_INLINE void AccumulateColumns(const T* rows, int64_t width, int64_t keys_in,
                                     const float* weights, int64_t weight_stride, float* out,
                                     int64_t out_stride, int64_t from) {
  typename V::Floats sum[items][vectors];
  for (int i = 0; i < items; ++i) {
    for (int v = 0; v < vectors; ++v) {
      sum[i][v] = V::Load(out + i * out_stride + from + v * V::kLanes);
    }
  }
  for (int64_t j = 0; j < keys_in; ++j) {
    typename V::Floats value[vectors];
    for (int v = 0; v < vectors; ++v) value[v] = V::Load(rows + j * width + from + v * V::kLanes);
    for (int i = 0; i < items; ++i) {
      const auto weight = V::All(weights[i * weight_stride + j]);
      for (int v = 0; v < vectors; ++v) sum[i][v] += weight * value[v];
    }
  }
  for (int i = 0; i < items; ++i) {
    for (int v = 0; v < vectors; ++v) {
      V::Store(out + i * out_stride + from + v * V::kLanes, sum[i][v]);
    }
  }
}

template <typename V, int items, typename T>
COHORT_INLINE void AccumulateRows(const T* rows, int64_t width, int64_t keys_in,
                                  const float* weights, int64_t weight_stride, float* out,
                                  int64_t out_stride) {
  constexpr int kMany = V::kLanes == 16 ? 4 : 2;
  int64_t d = 0;
  for (; d + kMany * V::kLanes <= width; d += kMany * V::kLanes) {
    AccumulateColumns<V, items, kMany>(rows, width, keys_in, weights, weight_stride, out,
                                       out_stride, d);
  }
  for (; d < width; d += V::kLanes) {
    AccumulateColumns<V, items, 1>(rows, width, keys_in, weights, weight_stride, out, out_stride,
                                   d);
  }
}

}  // namespace cohort
