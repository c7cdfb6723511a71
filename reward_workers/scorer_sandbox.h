// The sandbox of a scorer that runs what models write.
#pragma once

#include <memory>
#include <string>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "reward_workers/sandbox/sandbox.h"
#include "reward_workers/scorer.h"

namespace cohort {

// Fails where this machine has none, or one that is weaker than the configuration demands.
Result<std::shared_ptr<Sandbox>> OpenScorerSandbox(const ScorerConfig& config,
                                                   const ScorerContext& context);

// How many runs at once: `processes`, or by what the machine has room for.
size_t SandboxPlaces(const ScorerConfig& config);

}  // namespace cohort
