#include "learner/optimizer.h"

#include <ATen/ATen.h>

#include <cmath>

namespace cohort {

AdamW::AdamW(const AdamWOptions& options, NamedTensors parameters)
    : options_(options), parameters_(std::move(parameters)) {
  ParameterGroup decayed{{}, options.weight_decay};
  ParameterGroup kept{{}, 0.0};
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const auto& [name, parameter] = parameters_[i];
    first_.emplace_back(name, at::zeros_like(parameter, at::TensorOptions().requires_grad(false)));
    second_.emplace_back(name, at::zeros_like(parameter, at::TensorOptions().requires_grad(false)));
    (parameter.dim() > 1 ? decayed : kept).members.push_back(i);
  }
  for (ParameterGroup* group : {&decayed, &kept}) {
    if (!group->members.empty()) groups_.push_back(std::move(*group));
  }
}

Result<double> AdamW::GradientNorm() const {
  at::NoGradGuard no_grad;
  double squares = 0;
  for (const auto& [name, parameter] : parameters_) {
    if (!parameter.grad().defined()) continue;
    const double norm = at::linalg_vector_norm(parameter.grad(), 2).item<double>();
    if (!std::isfinite(norm)) {
      return Internal("the gradient of " + name +
                      " is not finite: nothing was applied; look at the step's samples, lower the "
                      "learning rate, or set a dual clip");
    }
    squares += norm * norm;
  }
  return std::sqrt(squares);
}

void AdamW::ClipGradients(double norm, double limit) {
  if (limit <= 0 || norm <= limit) return;
  at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters_) {
    if (parameter.grad().defined()) parameter.mutable_grad().mul_(limit / norm);
  }
}

void AdamW::Step(double learning_rate) {
  at::NoGradGuard no_grad;
  steps_ += 1;
  const at::Tensor step = at::full({}, static_cast<double>(steps_), at::kFloat);
  for (const ParameterGroup& group : groups_) {
    std::vector<at::Tensor> parameters, gradients, first, second;
    for (size_t i : group.members) {
      const at::Tensor& parameter = parameters_[i].second;
      parameters.push_back(parameter);
      gradients.push_back(parameter.grad().defined() ? parameter.grad()
                                                     : at::zeros_like(parameter));
      first.push_back(first_[i].second);
      second.push_back(second_[i].second);
    }
    const std::vector<at::Tensor> steps(parameters.size(), step);
    at::_fused_adamw_(parameters, gradients, first, second, /*max_exp_avg_sqs=*/{}, steps,
                      learning_rate, options_.beta1, options_.beta2, group.weight_decay,
                      options_.epsilon, /*amsgrad=*/false, /*maximize=*/false);
  }
}

void AdamW::DropGradients() {
  for (const auto& [name, parameter] : parameters_) parameter.mutable_grad().reset();
}

}  // namespace cohort
