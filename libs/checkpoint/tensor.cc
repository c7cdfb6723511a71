#include "libs/checkpoint/tensor.h"

#include <array>

namespace cohort {
namespace {

struct DTypeFacts {
  DType dtype;
  std::string_view name;
  int64_t bytes;
};

constexpr std::array kDTypes = {
    DTypeFacts{DType::kFloat32, "F32", 4}, DTypeFacts{DType::kBFloat16, "BF16", 2},
    DTypeFacts{DType::kFloat16, "F16", 2}, DTypeFacts{DType::kFloat64, "F64", 8},
    DTypeFacts{DType::kInt64, "I64", 8},   DTypeFacts{DType::kInt32, "I32", 4},
    DTypeFacts{DType::kUint8, "U8", 1},    DTypeFacts{DType::kBool, "BOOL", 1},
};

}  // namespace

int64_t DTypeBytes(DType dtype) {
  for (const DTypeFacts& facts : kDTypes) {
    if (facts.dtype == dtype) return facts.bytes;
  }
  return 0;
}

std::string_view DTypeName(DType dtype) {
  for (const DTypeFacts& facts : kDTypes) {
    if (facts.dtype == dtype) return facts.name;
  }
  return "unknown";
}

Result<DType> ParseDType(std::string_view name) {
  for (const DTypeFacts& facts : kDTypes) {
    if (facts.name == name) return facts.dtype;
  }
  return InvalidArgument("dtype \"" + std::string(name) +
                         "\" is not one of F32, BF16, F16, F64, I64, I32, U8, BOOL");
}

Result<DType> ParseComputeType(std::string_view name) {
  if (name == "float32") return DType::kFloat32;
  if (name == "bfloat16") return DType::kBFloat16;
  return InvalidArgument("compute type \"" + std::string(name) +
                         "\" is neither \"float32\" nor \"bfloat16\"");
}

std::string ShapeToString(std::span<const int64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

Result<int64_t> ElementsOf(std::span<const int64_t> shape) {
  constexpr int64_t kMost = int64_t{1} << 62;
  int64_t elements = 1;
  for (int64_t size : shape) {
    if (size < 0) return InvalidArgument("shape " + ShapeToString(shape) + " has a negative size");
    if (__builtin_mul_overflow(elements, size, &elements) || elements > kMost) {
      return InvalidArgument("shape " + ShapeToString(shape) + " is too large");
    }
  }
  return elements;
}

}  // namespace cohort
