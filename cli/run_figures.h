// What a run's metrics.jsonl and samples.jsonl say, read back.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/run/run_directory.h"

namespace cohort {

struct StepFigures {
  int64_t stage_index = 0;
  int64_t step = 0;
  int64_t x = 0;                               // steps of all GRPO stages up to here
  double reward = 0, correct = 0, length = 0;  // NaN where there was none
};

struct EvaluationFigures {
  int64_t stage_index = 0;
  int64_t step = 0;
  int64_t x = 0;
  bool of_grpo = false;
  double pass_at_1 = 0, standard_error = 0, length = 0, seconds = 0;
  int64_t samples = 0;
};

// A step or evaluation that was repeated after a resume counts once: as it was the last time.
struct RunFigures {
  std::vector<StepFigures> steps;              // of GRPO stages, in order
  std::vector<EvaluationFigures> evaluations;  // in order
  double seconds = 0;                          // from the first record to the last
  double broker_wait_seconds = 0;              // in which the learner was blocked on the broker
  bool done = false;
};
Result<RunFigures> ReadRunFigures(const RunDirectory& run);

// Rows of samples.jsonl; rows with parts of the wrong type are passed over.
using SampleVisitor = std::function<void(const nlohmann::json& row)>;
Status ReadSamples(const RunDirectory& run, const SampleVisitor& visit);

// Whether a row of samples.jsonl belongs to this evaluation.
bool IsOfEvaluation(const nlohmann::json& row, int64_t stage_index, int64_t step);

}  // namespace cohort
