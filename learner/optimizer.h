// AdamW (Loshchilov and Hutter, arXiv 1711.05101) on float32 masters, and clipping by global norm.
//
// Weights of one dimension (norms) are not decayed. Moments are float32 and begin at zero. The same
// gradients give the same bits. One thread at a time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double weight_decay = 0;
};

class AdamW {
 public:
  using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

  // `parameters`: float32 leaves, updated in place.
  AdamW(const AdamWOptions& options, NamedTensors parameters);

  // The norm of all gradients as one vector; parameters without a gradient count as zero. A norm
  // that is not finite is kInternal and names the first tensor to blame; gradients stay.
  Result<double> GradientNorm() const;
  // Scales all gradients so that a norm above `limit` becomes `limit`; 0: never.
  void ClipGradients(double norm, double limit);
  // One update from the gradients; parameters without one are treated as having gradient zero.
  void Step(double learning_rate);
  void DropGradients();

  int64_t steps() const { return steps_; }
  // First and second moments under their parameters' names.
  const NamedTensors& first_moments() const { return first_; }
  const NamedTensors& second_moments() const { return second_; }
  // After the moments were filled from a checkpoint.
  void SetSteps(int64_t steps) { steps_ = steps; }

 private:
  struct ParameterGroup {  // parallel lists, as the fused kernel wants them
    std::vector<size_t> members;
    double weight_decay;
  };

  AdamWOptions options_;
  NamedTensors parameters_;
  NamedTensors first_;
  NamedTensors second_;
  std::vector<ParameterGroup> groups_;
  int64_t steps_ = 0;
};

}  // namespace cohort
