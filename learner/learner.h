// The run from its newest checkpoint to its end: one stage after another.
#pragma once

#include "learner/session.h"
#include "libs/base/status.h"

namespace cohort {

// Runs what is left of the configuration's stages. Ok when the run is finished, kCancelled when it
// was asked to stop (all is saved), kInvalidArgument or kNotFound when a file or value of the
// configuration is wrong.
Status RunLearner(LearnerSession& session);

}  // namespace cohort
