// Software engineering (docs/scorers.md): what a patch is worth, by the project's tests in the
// sandbox (kind swe), or by how alike it is to the reference patch (kind patch_similarity, which
// runs nothing).
#pragma once

#include <memory>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "reward_workers/scorer.h"

namespace cohort {

// The context has a mailbox, a decoder and a clock. Both fail where an environment is broken; the
// first one also where the sandbox is weaker than the configuration demands.
Result<std::unique_ptr<Scorer>> MakeSweScorer(const ScorerConfig& config,
                                              const ScorerContext& context);
Result<std::unique_ptr<Scorer>> MakePatchSimilarityScorer(const ScorerConfig& config,
                                                          const ScorerContext& context);

}  // namespace cohort
