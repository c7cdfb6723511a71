// Scorers that ask a model behind an OpenAI-compatible endpoint what a completion is worth: kind
// judge (docs/scorers.md).
#pragma once

#include <cstddef>
#include <memory>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "libs/scoring/thinking.h"
#include "reward_workers/scorer.h"

namespace cohort {

// A longer response is outside of the judge's budget, and worth 0.
inline constexpr size_t kMaxJudgedBytes = 256 << 10;

// Reads the rubric. What is hollow (libs/scoring/hollow.h) is unparseable before any judge is
// asked. Verdicts are never kept: the same judge may say something else tomorrow.
Result<std::unique_ptr<Scorer>> MakeJudgeScorer(const ScorerConfig& config, Span span,
                                                const ScorerContext& context);

}  // namespace cohort
