// One rollout's way through a scorer that may break: what to do after each attempt.
//
// Infrastructure is forgiven once, the model never escapes: an attempt that breaks the scorer is
// repeated alone in a fresh child; when that breaks too, a canary decides: a rollout of before that
// the scorer judged. Where the canary passes, the answer broke its scorer, and that is the model's
// failure; where it does not, the scorer is broken, and the rollout is masked. Pure; a value.
#pragma once

#include <string>
#include <string_view>

#include "libs/scoring/verdict.h"

namespace cohort {

// How an attempt ended without a verdict.
enum class Breakage {
  kTimeout,   // no answer within the limit
  kCrash,     // the child ended
  kMemory,    // the child was killed for its memory
  kNonsense,  // what it wrote is no answer
  kError,     // it said itself that it failed
};
std::string_view BreakageName(Breakage breakage);  // "timeout", …

class GradingCase {
 public:
  enum class Step {
    kRun,     // in any child
    kAlone,   // in a fresh child
    kCanary,  // the canary, in a fresh child
    kDone,
  };

  Step step() const { return step_; }
  // The attempt that step() asked for broke.
  void Broke(Breakage how, std::string detail);
  // It gave a verdict (of the canary, when that was asked for).
  void Judged(Verdict verdict);

  // Once done.
  const Verdict& verdict() const { return verdict_; }

 private:
  Step step_ = Step::kRun;
  std::string story_;  // what happened so far, for people
  Verdict verdict_ = Verdict::Masked(OutcomeReason::kGraderCrashed, "not judged");
};

}  // namespace cohort
