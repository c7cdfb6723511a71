// Scorers behind HTTP: kind http.
#pragma once

#include <memory>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "reward_workers/scorer.h"

namespace cohort {

// A service that is away is no failure: its rollouts wait, and are masked in the end.
Result<std::unique_ptr<Scorer>> MakeHttpScorer(const ScorerConfig& config,
                                               const ScorerContext& context);

}  // namespace cohort
