#include "libs/rl/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cohort {

double LearningRateAt(const LearningRateSchedule& schedule, int64_t step) {
  if (step < schedule.warmup_steps) {
    return schedule.peak * static_cast<double>(step + 1) /
           static_cast<double>(schedule.warmup_steps);
  }
  if (schedule.shape == ScheduleShape::kConstant) return schedule.peak;
  const int64_t span = schedule.total_steps - schedule.warmup_steps;
  const double progress = span <= 0
                              ? 1.0
                              : std::min(1.0, static_cast<double>(step - schedule.warmup_steps) /
                                                  static_cast<double>(span));
  const double cosine = 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  return schedule.peak * (schedule.final_fraction + (1.0 - schedule.final_fraction) * cosine);
}

}  // namespace cohort
