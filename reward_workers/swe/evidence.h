// What is kept of an evaluation for people, and for those who check it later. Pure.
#pragma once

#include <string>

#include "reward_workers/sandbox/sandbox_spec.h"
#include "reward_workers/swe/patch.h"

namespace cohort {

// Some lines: the files that were changed and the digest of what they became; how the run ended and
// what it took; the end of its log and the digest of the whole. At most 8 KiB.
std::string SweEvidence(const ChangedFiles& files, const SandboxResult& run);

}  // namespace cohort
