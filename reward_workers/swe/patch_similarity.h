// How alike two changes of the same tree are, without running anything. Source: SWE-RL
// (arXiv 2502.18449), section 2: for each file that either touches, the similarity (difflib's) of
// the two unified diffs, 0 where only one touches it; the mean over these files. Pure.
#pragma once

#include <optional>

#include "libs/base/status.h"
#include "reward_workers/swe/patch.h"

namespace cohort {

// In [0, 1]; 1 for two that change nothing. ResourceExhausted where it would take too long; other
// failures are the reader's.
Result<double> PatchSimilarity(const ChangedFiles& predicted, const ChangedFiles& reference,
                               const FileReader& read);

}  // namespace cohort
