// Learning rates over the optimizer steps of a stage. Pure; thread-safe.
#pragma once

#include <cstdint>

namespace cohort {

enum class ScheduleShape { kConstant, kCosine };

struct LearningRateSchedule {
  double peak = 1e-6;
  int64_t warmup_steps = 0;  // linear: step i of these runs at peak × (i + 1) / warmup_steps
  ScheduleShape shape = ScheduleShape::kConstant;
  int64_t total_steps = 0;      // cosine ends here; read for kCosine only
  double final_fraction = 0.1;  // of the peak, at and after total_steps; kCosine only
};

// For optimizer step `step`, counted from 0.
double LearningRateAt(const LearningRateSchedule& schedule, int64_t step);

}  // namespace cohort
