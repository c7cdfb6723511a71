// A publication's payload: all weights of a model in its compute type, in one piece of memory.
//
// The layout follows from ModelConfig and the type alone, so that sender and receiver can compare
// manifests: tensors in the order of ModelConfig::Weights(); q, k, v of a layer touch each other,
// as do gate and up, so that a decoder uses them fused without a copy; all else begins at multiples
// of 64 bytes. Immutable once shared. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/checkpoint/model_config.h"
#include "libs/checkpoint/tensor.h"

namespace cohort {

struct TensorEntry {
  std::string name;
  DType dtype = DType::kFloat32;
  std::vector<int64_t> shape;
  uint64_t offset = 0;  // bytes from the beginning of the buffer
  uint64_t bytes = 0;

  bool operator==(const TensorEntry&) const = default;
};

struct TensorManifest {
  std::vector<TensorEntry> tensors;
  uint64_t total_bytes = 0;

  bool operator==(const TensorManifest&) const = default;
};

// The layout for a model. `dtype` is kFloat32 or kBFloat16.
TensorManifest ManifestFor(const ModelConfig& config, DType dtype);
// For manifests from a peer: shapes fit bytes, offsets are aligned to elements, in order, disjoint
// and inside total_bytes. kInvalidArgument names the tensor.
Status CheckManifest(const TensorManifest& manifest);

// Memory of a buffer: 64-byte aligned, zeroed pages from the system. Null when there is no memory.
std::shared_ptr<std::byte[]> AllocateWeights(uint64_t bytes);

struct WeightsBuffer {
  TensorManifest manifest;
  std::shared_ptr<const std::byte[]> data;  // manifest.total_bytes, 64-byte aligned

  std::span<const std::byte> bytes() const { return {data.get(), manifest.total_bytes}; }
};

}  // namespace cohort
