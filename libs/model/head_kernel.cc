#include "libs/model/head_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "libs/model/simd.h"

namespace cohort {
namespace {

constexpr int kTileRows = 6;
constexpr int64_t kChunkRows = 96;  // hidden rows that stay in the cache beside a panel

template <typename T>
void PackPanels(const T* weights, int64_t vocab, int64_t hidden, T* packed) {
  constexpr int64_t kTile = 32;
  for (int64_t first = 0; first < vocab; first += kHeadPanel) {
    T* panel = packed + first * hidden;
    const int64_t columns = std::min(kHeadPanel, vocab - first);
    for (int64_t begin = 0; begin < hidden; begin += kTile) {
      const int64_t end = std::min(hidden, begin + kTile);
      for (int64_t c = 0; c < columns; ++c) {
        const T* row = weights + (first + c) * hidden;
        for (int64_t k = begin; k < end; ++k) panel[k * kHeadPanel + c] = row[k];
      }
    }
  }
}

struct LogitsArguments {
  const PackedHead& head;
  const void* hidden;
  int64_t rows;
  float* logits;
  int64_t stride;
};

// `rows` rows of hidden (float32, [rows, hidden]) against `vectors` vectors of columns.
template <typename V, int rows, int vectors, typename T>
COHORT_INLINE void LogitTile(const float* hidden, int64_t width, const T* columns, float* out) {
  typename V::Floats sum[rows][vectors] = {};
  for (int64_t k = 0; k < width; ++k) {
    typename V::Floats weight[vectors];
    for (int v = 0; v < vectors; ++v) weight[v] = V::Load(columns + k * kHeadPanel + v * V::kLanes);
    for (int r = 0; r < rows; ++r) {
      const auto value = V::All(hidden[r * width + k]);
      for (int v = 0; v < vectors; ++v) sum[r][v] += value * weight[v];
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int v = 0; v < vectors; ++v) V::Store(out + r * kHeadPanel + v * V::kLanes, sum[r][v]);
  }
}

// A tile of rows against a whole panel; `columns_in` of its 64 are written.
template <typename V, int rows, typename T>
COHORT_INLINE void PanelTile(const float* hidden, int64_t width, const T* panel, int64_t columns_in,
                             float* logits, int64_t stride) {
  constexpr int kVectors = V::kLanes == 16 ? 4 : 2;
  float out[rows * kHeadPanel];
  for (int64_t c = 0; c < columns_in; c += kVectors * V::kLanes) {
    LogitTile<V, rows, kVectors>(hidden, width, panel + c, out + c);
  }
  for (int r = 0; r < rows; ++r) {
    std::memcpy(logits + r * stride, out + r * kHeadPanel,
                static_cast<size_t>(columns_in) * sizeof(float));
  }
}

// The tile of the `left` < 6 rows that remain.
template <typename V, int rows, typename T>
COHORT_INLINE void LastTile(int64_t left, const float* hidden, int64_t width, const T* panel,
                            int64_t columns_in, float* logits, int64_t stride) {
  if constexpr (rows > 0) {
    if (left == rows) {
      PanelTile<V, rows>(hidden, width, panel, columns_in, logits, stride);
    } else {
      LastTile<V, rows - 1>(left, hidden, width, panel, columns_in, logits, stride);
    }
  }
}

template <typename V, typename T>
COHORT_INLINE void LogitsOf(const LogitsArguments& a) {
  const int64_t width = a.head.hidden;
  const auto* packed = reinterpret_cast<const T*>(a.head.data.get());
  std::vector<float> hidden(static_cast<size_t>(std::min(kChunkRows, a.rows) * width));
  for (int64_t begin = 0; begin < a.rows; begin += kChunkRows) {
    const int64_t rows = std::min(kChunkRows, a.rows - begin);
    const T* from = static_cast<const T*>(a.hidden) + begin * width;
    for (int64_t i = 0; i < rows * width; ++i) hidden[static_cast<size_t>(i)] = ToFloat(from[i]);
    for (int64_t first = 0; first < a.head.vocab; first += kHeadPanel) {
      const T* panel = packed + first * width;
      const int64_t columns = std::min(kHeadPanel, a.head.vocab - first);
      float* logits = a.logits + begin * a.stride + first;
      int64_t r = 0;
      for (; r + kTileRows <= rows; r += kTileRows) {
        PanelTile<V, kTileRows>(hidden.data() + r * width, width, panel, columns,
                                logits + r * a.stride, a.stride);
      }
      LastTile<V, kTileRows - 1>(rows - r, hidden.data() + r * width, width, panel, columns,
                                 logits + r * a.stride, a.stride);
    }
  }
}

template <typename V>
COHORT_INLINE void RunLogitsBody(const LogitsArguments& a) {
  if (a.head.dtype == DType::kBFloat16) {
    LogitsOf<V, BFloat16>(a);
  } else {
    LogitsOf<V, float>(a);
  }
}

struct SoftmaxArguments {
  std::span<const float> logits;
  float inverse_temperature;
  bool with_entropy;
  RowSoftmax* result;
};

// z of a vector of logits; lanes behind the end are -inf.
template <typename V>
COHORT_INLINE typename V::Floats LoadScaledLogits(std::span<const float> logits, int64_t at,
                                                  float inverse_temperature) {
  const int64_t left = static_cast<int64_t>(logits.size()) - at;
  if (left >= V::kLanes) return V::Load(logits.data() + at) * inverse_temperature;
  float part[V::kLanes];
  for (int i = 0; i < V::kLanes; ++i) part[i] = i < left ? logits[static_cast<size_t>(at + i)] : 0;
  auto z = V::Load(part) * inverse_temperature;
  for (int i = static_cast<int>(left); i < V::kLanes; ++i) z[i] = kMinusInfinity;
  return z;
}

template <typename V>
COHORT_INLINE void RunSoftmaxBody(const SoftmaxArguments& a) {
  const auto size = static_cast<int64_t>(a.logits.size());
  auto top = V::All(kMinusInfinity);
  for (int64_t at = 0; at < size; at += V::kLanes) {
    top = V::Max(top, LoadScaledLogits<V>(a.logits, at, a.inverse_temperature));
  }
  const float max = V::Largest(top);
  typename V::Floats sum = {};
  typename V::Floats weighted = {};
  for (int64_t at = 0; at < size; at += V::kLanes) {
    const auto z = LoadScaledLogits<V>(a.logits, at, a.inverse_temperature) - max;
    const auto p = V::Exp(z);
    sum += p;
    if (a.with_entropy) weighted += z > V::All(-80.0f) ? p * z : V::All(0);
  }
  const float total = V::Sum(sum);
  a.result->max = max;
  a.result->log_sum_exp = max + std::log(total);
  a.result->entropy = a.with_entropy ? std::log(total) - V::Sum(weighted) / total : 0.0f;
}

struct DrawArguments {
  std::span<const float> logits;
  float inverse_temperature;
  float max;
  double uniform;
  int64_t* drawn;
};

// Sums of 256 columns first; then the one that holds the draw is walked lane by lane.
template <typename V>
COHORT_INLINE void RunDrawBody(const DrawArguments& a) {
  constexpr int64_t kPart = 256;
  const auto size = static_cast<int64_t>(a.logits.size());
  std::vector<double> parts;
  double total = 0;
  for (int64_t begin = 0; begin < size; begin += kPart) {
    typename V::Floats sum = {};
    for (int64_t at = begin; at < std::min(size, begin + kPart); at += V::kLanes) {
      sum += V::Exp(LoadScaledLogits<V>(a.logits, at, a.inverse_temperature) - a.max);
    }
    parts.push_back(static_cast<double>(V::Sum(sum)));
    total += parts.back();
  }
  double left = a.uniform * total;
  size_t part = 0;
  while (part + 1 < parts.size() && left >= parts[part]) left -= parts[part++];
  while (part > 0 && parts[part] == 0) --part;
  int64_t last = -1;
  const int64_t begin = static_cast<int64_t>(part) * kPart;
  for (int64_t at = begin; at < std::min(size, begin + kPart); at += V::kLanes) {
    const auto p = V::Exp(LoadScaledLogits<V>(a.logits, at, a.inverse_temperature) - a.max);
    for (int i = 0; i < V::kLanes && at + i < size; ++i) {
      if (!(p[i] > 0)) continue;
      last = at + i;
      left -= static_cast<double>(p[i]);
      if (left < 0) {
        *a.drawn = last;
        return;
      }
    }
  }
  *a.drawn = std::max<int64_t>(last, 0);
}

struct GradientArguments {
  std::span<const float> logits;
  int64_t target;
  float inverse_temperature;
  float log_sum_exp;
  float grad;
  DType dtype;
  void* out;
};

template <typename V, typename T>
COHORT_INLINE void GradientsOf(const GradientArguments& a) {
  const auto size = static_cast<int64_t>(a.logits.size());
  const float factor = a.grad * a.inverse_temperature;
  T* out = static_cast<T*>(a.out);
  for (int64_t at = 0; at < size; at += V::kLanes) {
    const auto z = LoadScaledLogits<V>(a.logits, at, a.inverse_temperature);
    const auto value = V::Exp(z - a.log_sum_exp) * -factor;
    if (at + V::kLanes <= size) {
      V::Store(out + at, value);
    } else {
      T part[V::kLanes];
      V::Store(part, value);
      for (int64_t i = at; i < size; ++i) out[i] = part[i - at];
    }
  }
  const float z = a.logits[static_cast<size_t>(a.target)] * a.inverse_temperature;
  FromFloat(out + a.target, factor * (1.0f - std::exp(z - a.log_sum_exp)));
}

template <typename V>
COHORT_INLINE void RunGradientsBody(const GradientArguments& a) {
  if (a.dtype == DType::kBFloat16) {
    GradientsOf<V, BFloat16>(a);
  } else {
    GradientsOf<V, float>(a);
  }
}

COHORT_STATIC_KERNEL(RunLogits, LogitsArguments)
COHORT_STATIC_KERNEL(RunSoftmax, SoftmaxArguments)
COHORT_STATIC_KERNEL(RunDraw, DrawArguments)
COHORT_STATIC_KERNEL(RunGradients, GradientArguments)

}  // namespace

PackedHead PackHead(const void* weights, int64_t vocab, int64_t hidden, DType dtype) {
  const int64_t padded = (vocab + kHeadPanel - 1) / kHeadPanel * kHeadPanel;
  const auto bytes = static_cast<size_t>(padded * hidden * DTypeBytes(dtype));
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
  if (memory == nullptr) throw std::bad_alloc();
  std::shared_ptr<std::byte[]> data(memory, [](std::byte* packed) { std::free(packed); });
  if (padded != vocab) {
    const auto last = static_cast<size_t>(kHeadPanel * hidden * DTypeBytes(dtype));
    std::memset(memory + bytes - last, 0, last);
  }
  if (dtype == DType::kBFloat16) {
    PackPanels(static_cast<const BFloat16*>(weights), vocab, hidden,
               reinterpret_cast<BFloat16*>(memory));
  } else {
    PackPanels(static_cast<const float*>(weights), vocab, hidden, reinterpret_cast<float*>(memory));
  }
  return {vocab, hidden, dtype, std::move(data)};
}

void ComputeLogits(const PackedHead& head, const void* hidden, int64_t rows, float* logits,
                   int64_t stride) {
  RunLogits({head, hidden, rows, logits, stride});
}

RowSoftmax SoftmaxOfRow(std::span<const float> logits, float inverse_temperature,
                        bool with_entropy) {
  RowSoftmax result;
  RunSoftmax({logits, inverse_temperature, with_entropy, &result});
  return result;
}

float LogprobOf(std::span<const float> logits, int64_t token, float inverse_temperature,
                const RowSoftmax& softmax) {
  return logits[static_cast<size_t>(token)] * inverse_temperature - softmax.log_sum_exp;
}

int64_t ArgmaxOfRow(std::span<const float> logits) {
  return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

int64_t DrawFromRow(std::span<const float> logits, float inverse_temperature,
                    const RowSoftmax& softmax, double uniform) {
  int64_t drawn = 0;
  RunDraw({logits, inverse_temperature, softmax.max, uniform, &drawn});
  return drawn;
}

void LogitGradients(std::span<const float> logits, int64_t target, float inverse_temperature,
                    float log_sum_exp, float grad, DType dtype, void* out) {
  RunGradients({logits, target, inverse_temperature, log_sum_exp, grad, dtype, out});
}

}  // namespace cohort
