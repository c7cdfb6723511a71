// The float32 weights that training changes, under Hugging Face's names.
//
// The tensors are leaves with requires_grad; the optimizer updates them in place and gradients lie
// in their .grad. Compute weights and publications are roundings of these. One thread at a time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/checkpoint/hf_directory.h"
#include "libs/checkpoint/model_config.h"
#include "libs/checkpoint/tensor.h"
#include "libs/checkpoint/weights_buffer.h"

namespace cohort {

class MasterWeights {
 public:
  // Copies and widens; bfloat16, float16 and float32 files are read.
  static Result<MasterWeights> Load(const HfDirectory& directory);
  // Normal with deviation initializer_range, norms 1; the same numbers for the same seed.
  static MasterWeights Random(const ModelConfig& config, uint64_t seed);

  const ModelConfig& config() const { return config_; }
  // In the order of ModelConfig::Weights(); float32, CPU, contiguous, of those shapes.
  const std::vector<std::pair<std::string, at::Tensor>>& tensors() const { return tensors_; }
  // A programmer's error when there is no such weight.
  const at::Tensor& Get(std::string_view name) const;

  // A deep copy without requires_grad: the reference policy.
  MasterWeights Frozen() const;
  // Overwrites the values, gradients and identity of the tensors stay. Same configuration only.
  Status CopyFrom(const MasterWeights& other);
  Status CopyFrom(const HfDirectory& directory);

  // Float32 views for WriteSafetensors and WriteHfDirectory; they live as long as this object.
  std::vector<TensorView> Views() const;
  // Rounded once to `dtype` (kFloat32 copies): a publication.
  WeightsBuffer ToBuffer(DType dtype) const;

 private:
  explicit MasterWeights(const ModelConfig& config);

  ModelConfig config_;
  std::vector<std::pair<std::string, at::Tensor>> tensors_;
};

}  // namespace cohort
