// Programs: 1 for one that passes its tests in the sandbox (docs/sandbox.md), or the credit that it
// is given for some. Runs so many at once as there are places, each on a thread that waits for its
// boxes.
#pragma once

#include <memory>
#include <vector>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "reward_workers/scorer.h"

namespace cohort {

// The context has a mailbox, a decoder, and the configuration's languages. Fails where the sandbox
// is weaker than the configuration demands.
Result<std::unique_ptr<Scorer>> MakeCodeScorer(const ScorerConfig& config,
                                               const ScorerContext& context);

}  // namespace cohort
