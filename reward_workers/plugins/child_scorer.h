// Scorers that run in processes of their own: kinds process, python and library.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "reward_workers/plugins/supervisor.h"
#include "reward_workers/scorer.h"

namespace cohort {

// The command of a plug-in kind. Fails for a library or a package that is not there.
Result<ChildPlan> PlanOfScorer(const ScorerConfig& config);

// Starts its children and waits for the first one. Answers come through the context's mailbox.
Result<std::unique_ptr<Scorer>> MakeChildScorer(const ScorerConfig& config,
                                                const ScorerContext& context);

}  // namespace cohort
