// Reads a file of goldens into tensors.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "libs/checkpoint/safetensors.h"
#include "libs/model/torch_types.h"

namespace cohort {

inline std::map<std::string, at::Tensor> ReadGolden(const std::filesystem::path& path) {
  std::map<std::string, at::Tensor> tensors;
  auto file = SafetensorsFile::Open(path);
  EXPECT_TRUE(file.ok()) << file.status().ToString();
  if (!file.ok()) return tensors;
  for (const TensorView& view : file->tensors()) {
    at::Tensor tensor = at::empty(view.shape, ToScalarType(view.dtype));
    std::memcpy(tensor.mutable_data_ptr(), view.bytes.data(), view.bytes.size());
    tensors[view.name] = tensor;
  }
  return tensors;
}

inline std::vector<int32_t> TokensOf(const at::Tensor& tensor) {
  const auto* tokens = tensor.const_data_ptr<int64_t>();
  return {tokens, tokens + tensor.numel()};
}

}  // namespace cohort
