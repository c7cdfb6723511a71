#include "libs/model/rotary_table.h"

#include <cmath>

namespace cohort {

RotaryTable::RotaryTable(const ModelConfig& config) : half_(config.head_dim / 2) {
  const auto size = static_cast<size_t>(config.max_positions * half_);
  cos_.reserve(size);
  sin_.reserve(size);
  std::vector<float> inverse;
  for (int64_t d = 0; d < half_; ++d) {
    const float exponent = static_cast<float>(2 * d) / static_cast<float>(config.head_dim);
    inverse.push_back(1.0f / std::pow(static_cast<float>(config.rope_theta), exponent));
  }
  for (int64_t position = 0; position < config.max_positions; ++position) {
    for (float frequency : inverse) {
      const double angle = static_cast<double>(static_cast<float>(position) * frequency);
      cos_.push_back(static_cast<float>(std::cos(angle)));
      sin_.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

}  // namespace cohort
