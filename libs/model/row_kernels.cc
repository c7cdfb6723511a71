#include "libs/model/row_kernels.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "libs/model/simd.h"

namespace cohort {
namespace {

// Calls step(offset, lanes) for each vector of a row and once, through padded copies, for its tail.
template <typename V, typename T>
COHORT_INLINE typename V::Floats LoadPart(const T* from, int64_t count) {
  T part[V::kLanes] = {};
  for (int64_t i = 0; i < count; ++i) part[i] = from[i];
  return V::Load(part);
}
template <typename V, typename T>
COHORT_INLINE void StorePart(T* to, int64_t count, typename V::Floats value) {
  T part[V::kLanes];
  V::Store(part, value);
  for (int64_t i = 0; i < count; ++i) to[i] = part[i];
}
template <typename V, typename T>
COHORT_INLINE typename V::Floats LoadUpTo(const T* from, int64_t left) {
  return left >= V::kLanes ? V::Load(from) : LoadPart<V>(from, left);
}
template <typename V, typename T>
COHORT_INLINE void StoreUpTo(T* to, int64_t left, typename V::Floats value) {
  if (left >= V::kLanes) {
    V::Store(to, value);
  } else {
    StorePart<V>(to, left, value);
  }
}

template <typename V, typename T>
COHORT_INLINE void AddRmsNormOf(const AddRmsNormArguments& a) {
  const auto* weight = static_cast<const T*>(a.weight);
  for (int64_t r = 0; r < a.rows; ++r) {
    const T* x = static_cast<const T*>(a.x) + r * a.width;
    if (a.delta != nullptr) {
      const T* delta = static_cast<const T*>(a.delta) + r * a.width;
      T* sum = static_cast<T*>(a.sum) + r * a.width;
      for (int64_t d = 0; d < a.width; d += V::kLanes) {
        StoreUpTo<V>(sum + d, a.width - d,
                     LoadUpTo<V>(x + d, a.width - d) + LoadUpTo<V>(delta + d, a.width - d));
      }
      x = sum;
    }
    typename V::Floats squares = {};
    for (int64_t d = 0; d < a.width; d += V::kLanes) {
      const auto value = LoadUpTo<V>(x + d, a.width - d);
      squares += value * value;
    }
    const float mean = V::Sum(squares) / static_cast<float>(a.width);
    const float inverse_rms = 1.0f / std::sqrt(mean + a.eps);
    if (a.inverse_rms != nullptr) a.inverse_rms[r] = inverse_rms;
    T* normed = static_cast<T*>(a.normed) + r * a.width;
    for (int64_t d = 0; d < a.width; d += V::kLanes) {
      StoreUpTo<V>(
          normed + d, a.width - d,
          LoadUpTo<V>(x + d, a.width - d) * inverse_rms * LoadUpTo<V>(weight + d, a.width - d));
    }
  }
}

// With g = grad_normed × weight: grad = grad_sum + r g - x r³ mean(g x).
template <typename V, typename T>
COHORT_INLINE void RmsNormBackwardOf(const RmsNormBackwardArguments& a) {
  const auto* weight = static_cast<const T*>(a.weight);
  std::vector<float> grad_weight(static_cast<size_t>(a.width + V::kLanes), 0.0f);
  for (int64_t r = 0; r < a.rows; ++r) {
    const T* x = static_cast<const T*>(a.sum) + r * a.width;
    const T* grad_normed = static_cast<const T*>(a.grad_normed) + r * a.width;
    const float inverse_rms = a.inverse_rms[r];
    typename V::Floats dots = {};
    for (int64_t d = 0; d < a.width; d += V::kLanes) {
      const int64_t left = a.width - d;
      const auto flow = LoadUpTo<V>(grad_normed + d, left) * LoadUpTo<V>(x + d, left);
      dots += flow * LoadUpTo<V>(weight + d, left);
      float* to = grad_weight.data() + d;
      V::Store(to, V::Load(to) + flow * inverse_rms);
    }
    const float shrink =
        V::Sum(dots) / static_cast<float>(a.width) * inverse_rms * inverse_rms * inverse_rms;
    T* grad = static_cast<T*>(a.grad) + r * a.width;
    for (int64_t d = 0; d < a.width; d += V::kLanes) {
      const int64_t left = a.width - d;
      auto value =
          LoadUpTo<V>(grad_normed + d, left) * LoadUpTo<V>(weight + d, left) * inverse_rms -
          LoadUpTo<V>(x + d, left) * shrink;
      if (a.grad_sum != nullptr) {
        value += LoadUpTo<V>(static_cast<const T*>(a.grad_sum) + r * a.width + d, left);
      }
      StoreUpTo<V>(grad + d, left, value);
    }
  }
  std::copy_n(grad_weight.begin(), a.width, a.grad_weight);
}

template <typename V>
COHORT_INLINE typename V::Floats Sigmoid(typename V::Floats x) {
  return 1.0f / (1.0f + V::Exp(-x));
}

template <typename V, typename T>
COHORT_INLINE void SwiGluOf(const SwiGluArguments& a) {
  for (int64_t r = 0; r < a.rows; ++r) {
    const T* gate = static_cast<const T*>(a.gate_up) + r * 2 * a.width;
    T* out = static_cast<T*>(a.out) + r * a.width;
    for (int64_t d = 0; d < a.width; d += V::kLanes) {
      const int64_t left = a.width - d;
      const auto g = LoadUpTo<V>(gate + d, left);
      const auto up = LoadUpTo<V>(gate + a.width + d, left);
      StoreUpTo<V>(out + d, left, g * Sigmoid<V>(g) * up);
    }
  }
}

template <typename V, typename T>
COHORT_INLINE void SwiGluBackwardOf(const SwiGluBackwardArguments& a) {
  for (int64_t r = 0; r < a.rows; ++r) {
    const T* gate = static_cast<const T*>(a.gate_up) + r * 2 * a.width;
    const T* grad_out = static_cast<const T*>(a.grad_out) + r * a.width;
    T* grad = static_cast<T*>(a.grad_gate_up) + r * 2 * a.width;
    for (int64_t d = 0; d < a.width; d += V::kLanes) {
      const int64_t left = a.width - d;
      const auto g = LoadUpTo<V>(gate + d, left);
      const auto up = LoadUpTo<V>(gate + a.width + d, left);
      const auto flow = LoadUpTo<V>(grad_out + d, left);
      const auto sigmoid = Sigmoid<V>(g);
      StoreUpTo<V>(grad + d, left, flow * up * sigmoid * (1.0f + g * (1.0f - sigmoid)));
      StoreUpTo<V>(grad + a.width + d, left, flow * g * sigmoid);
    }
  }
}

#define COHORT_BOTH_TYPES(Name, Arguments)            \
  template <typename V>                               \
  COHORT_INLINE void Name##Body(const Arguments& a) { \
    if (a.dtype == DType::kBFloat16) {                \
      Name##Of<V, BFloat16>(a);                       \
    } else {                                          \
      Name##Of<V, float>(a);                          \
    }                                                 \
  }

COHORT_BOTH_TYPES(AddRmsNorm, AddRmsNormArguments)
COHORT_BOTH_TYPES(RmsNormBackward, RmsNormBackwardArguments)
COHORT_BOTH_TYPES(SwiGlu, SwiGluArguments)
COHORT_BOTH_TYPES(SwiGluBackward, SwiGluBackwardArguments)

}  // namespace

COHORT_KERNEL(AddRmsNorm, AddRmsNormArguments)
COHORT_KERNEL(RmsNormBackward, RmsNormBackwardArguments)
COHORT_KERNEL(SwiGlu, SwiGluArguments)
COHORT_KERNEL(SwiGluBackward, SwiGluBackwardArguments)

}  // namespace cohort
