// One rollout's way through a scorer that may break: what to do after each attempt.
//
// Infrastructure is forgiven, the model never escapes: an attempt that breaks the scorer is
// repeated alone in a fresh child. When that breaks too, a canary decides: the same task with a
// completion that the scorer judged before. Where the canary passes, the task is tried once more,
// since trouble that has passed meanwhile is nobody's fault; breaks it then, the answer broke its
// scorer, and that is the model's failure. Where two canaries break, the scorer or the task is
// broken, and the rollout is masked. What comes and goes with a service is doubted for longer
// (Broke). Pure; a value.
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
    kAlone,   // in a fresh child (any child will do where the last one said itself that it failed)
    kCanary,  // a canary, in a fresh child; another one than before
    kDone,
  };

  Step step() const { return step_; }
  // How the last attempt broke; only after one did.
  Breakage last_breakage() const { return last_breakage_; }
  // The attempt that step() asked for broke. `doubtful`: in a way that comes and goes with a
  // service, whoever asks. Then several canaries have to pass between attempts that break before
  // the answer is to blame, and none may break.
  void Broke(Breakage how, std::string detail, bool doubtful = false);
  // It gave a verdict (of the canary, when that was asked for).
  void Judged(Verdict verdict);

  // Once done.
  const Verdict& verdict() const { return verdict_; }

 private:
  Step step_ = Step::kRun;
  Breakage last_breakage_ = Breakage::kError;
  int canaries_broken_ = 0;
  int canaries_passed_ = 0;
  bool doubtful_ = false;  // some attempt broke so
  std::string story_;      // what happened so far, for people
  Verdict verdict_ = Verdict::Masked(OutcomeReason::kGraderCrashed, "not judged");
};

}  // namespace cohort
