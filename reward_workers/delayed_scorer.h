// A scorer that answers later: stands for a slow evaluation.
#pragma once

#include <memory>

#include "reward_workers/scorer.h"

namespace cohort {

// Begins `inner` after `delay` plus a share of `jitter` that is uniform and drawn from the
// rollout's seed address (seed, space, cursor, sample) and the scorer's name: the same rollout is
// always as late. Its limit is the longest delay and a minute more.
std::unique_ptr<Scorer> MakeDelayedScorer(std::unique_ptr<Scorer> inner, Duration delay,
                                          Duration jitter, const ScorerContext& context);

}  // namespace cohort
