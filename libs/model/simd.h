// Short vectors for the kernels, and how a kernel chooses its instruction set when it runs.
//
// A kernel is a template over Simd<lanes> whose body is inlined into one function per instruction
// set; COHORT_KERNEL makes these and the function that picks one. Only kernels' .cc files include
// this. Everything is a fixed order of float32 operations, so a result depends on its inputs and on
// the machine, never on what is computed beside it.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

namespace cohort {

// Bits of a bfloat16: the upper half of a float32.
struct BFloat16 {
  uint16_t bits;
};

#define COHORT_INLINE [[gnu::always_inline]] inline

// The compiler drops vector_size when it depends on a template's argument: spelled out.
template <int lanes>
struct VectorTypes;
#define COHORT_VECTOR_TYPES(lanes)                                   \
  template <>                                                        \
  struct VectorTypes<lanes> {                                        \
    typedef float Floats __attribute__((vector_size(lanes * 4)));    \
    typedef uint32_t Words __attribute__((vector_size(lanes * 4)));  \
    typedef uint16_t Halves __attribute__((vector_size(lanes * 2))); \
  };
COHORT_VECTOR_TYPES(4)
COHORT_VECTOR_TYPES(8)
COHORT_VECTOR_TYPES(16)
#undef COHORT_VECTOR_TYPES

template <int lanes>
struct Simd {
  static constexpr int kLanes = lanes;
  using Floats = typename VectorTypes<lanes>::Floats;
  using Words = typename VectorTypes<lanes>::Words;
  using Halves = typename VectorTypes<lanes>::Halves;

  COHORT_INLINE static Floats Load(const float* from) {
    Floats value;
    std::memcpy(&value, from, sizeof(value));
    return value;
  }
  COHORT_INLINE static Floats Load(const BFloat16* from) {
    Halves halves;
    std::memcpy(&halves, from, sizeof(halves));
    return (Floats)(__builtin_convertvector(halves, Words) << 16);
  }
  COHORT_INLINE static void Store(float* to, Floats value) {
    std::memcpy(to, &value, sizeof(value));
  }
  // To nearest, ties to even; a NaN stays one.
  COHORT_INLINE static void Store(BFloat16* to, Floats value) {
    const Words bits = (Words)value;
    const Words rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const Words nan = Words{} + 0x7fc0u;
    const Halves halves = __builtin_convertvector(value == value ? rounded : nan, Halves);
    std::memcpy(to, &halves, sizeof(halves));
  }

  COHORT_INLINE static Floats All(float value) { return Floats{} + value; }
  COHORT_INLINE static Floats Max(Floats a, Floats b) { return a > b ? a : b; }

  // Lane after lane.
  COHORT_INLINE static float Sum(Floats value) {
    float sum = value[0];
    for (int i = 1; i < lanes; ++i) sum += value[i];
    return sum;
  }
  COHORT_INLINE static float Largest(Floats value) {
    float most = value[0];
    for (int i = 1; i < lanes; ++i) most = value[i] > most ? value[i] : most;
    return most;
  }

  // e^x within two units in the last place; 0 below -87.3, its value at 88 above that. Range
  // reduction by multiples of log 2 and a polynomial of degree 6.
  COHORT_INLINE static Floats Exp(Floats x) {
    const Floats lowest = All(-87.3f);
    const Floats clamped = x < lowest ? lowest : (x > All(88.0f) ? All(88.0f) : x);
    const Floats shifted = clamped * 1.44269504f + 12582912.0f;  // 1.5 * 2^23: rounds to integers
    const Floats n = shifted - 12582912.0f;
    const Floats r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
    Floats p = r * (1.0f / 5040.0f) + (1.0f / 720.0f);
    p = p * r + (1.0f / 120.0f);
    p = p * r + (1.0f / 24.0f);
    p = p * r + (1.0f / 6.0f);
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const Floats scale = (Floats)(((Words)shifted << 23) + 0x3f800000u);
    const Floats result = p * scale;
    const Floats kept = x < lowest ? Floats{} : result;
    return x == x ? kept : x;
  }
};

COHORT_INLINE float ToFloat(float value) { return value; }
COHORT_INLINE float ToFloat(BFloat16 value) {
  const uint32_t bits = static_cast<uint32_t>(value.bits) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}
COHORT_INLINE void FromFloat(float* to, float value) { *to = value; }
COHORT_INLINE void FromFloat(BFloat16* to, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  to->bits = value == value ? static_cast<uint16_t>(rounded) : uint16_t{0x7fc0};
}

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

// COHORT_KERNEL(Name, Arguments): defines `void Name(const Arguments&)`, which runs
// NameBody<Simd<n>>(arguments) for the widest vectors of this machine. COHORT_STATIC_KERNEL: the
// same for one file.
#if defined(__x86_64__)
inline int WidestLanes() {
  static const int lanes =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
              __builtin_cpu_supports("avx512cd")
          ? 16
      : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
              __builtin_cpu_supports("bmi2")
          ? 8
          : 4;
  return lanes;
}
#define COHORT_KERNEL_OF(linkage, Name, Arguments)                                             \
  __attribute__((target("arch=x86-64-v4"))) static void Name##V4(const Arguments& arguments) { \
    Name##Body<Simd<16>>(arguments);                                                           \
  }                                                                                            \
  __attribute__((target("arch=x86-64-v3"))) static void Name##V3(const Arguments& arguments) { \
    Name##Body<Simd<8>>(arguments);                                                            \
  }                                                                                            \
  static void Name##V1(const Arguments& arguments) { Name##Body<Simd<4>>(arguments); }         \
  linkage void Name(const Arguments& arguments) {                                              \
    switch (WidestLanes()) {                                                                   \
      case 16:                                                                                 \
        return Name##V4(arguments);                                                            \
      case 8:                                                                                  \
        return Name##V3(arguments);                                                            \
      default:                                                                                 \
        return Name##V1(arguments);                                                            \
    }                                                                                          \
  }
#else
#define COHORT_KERNEL_OF(linkage, Name, Arguments) \
  linkage void Name(const Arguments& arguments) { Name##Body<Simd<4>>(arguments); }
#endif
#define COHORT_KERNEL(Name, Arguments) COHORT_KERNEL_OF(, Name, Arguments)
#define COHORT_STATIC_KERNEL(Name, Arguments) COHORT_KERNEL_OF(static, Name, Arguments)

}  // namespace cohort
