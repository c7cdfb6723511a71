// Tensors as plain bytes: what files and publications carry, without torch. Values; little-endian,
// row-major, dense.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

enum class DType : uint8_t {
  kFloat32 = 1,
  kBFloat16 = 2,
  kFloat16 = 3,
  kFloat64 = 4,
  kInt64 = 5,
  kInt32 = 6,
  kUint8 = 7,
  kBool = 8,
};

int64_t DTypeBytes(DType dtype);
// safetensors' names: "F32", "BF16", "F16", "F64", "I64", "I32", "U8", "BOOL".
std::string_view DTypeName(DType dtype);
Result<DType> ParseDType(std::string_view name);
// The names that configurations use for a type to compute in: "float32" or "bfloat16".
Result<DType> ParseComputeType(std::string_view name);

// "[49152, 576]"
std::string ShapeToString(std::span<const int64_t> shape);
// The elements of a shape, or kInvalidArgument for a negative size or more than 2^62 elements.
Result<int64_t> ElementsOf(std::span<const int64_t> shape);

// A tensor in somebody else's memory.
struct TensorView {
  std::string name;
  DType dtype = DType::kFloat32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

}  // namespace cohort
