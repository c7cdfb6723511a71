#include "reward_workers/plugins/grading_case.h"

#include <utility>

namespace cohort {
namespace {

constexpr int kCanaries = 2;        // that break before the rollout is masked
constexpr int kDoubtfulRounds = 3;  // canaries that pass before a doubtful failure is the answer's

}  // namespace

std::string_view BreakageName(Breakage breakage) {
  switch (breakage) {
    case Breakage::kTimeout:
      return "timeout";
    case Breakage::kCrash:
      return "crash";
    case Breakage::kMemory:
      return "memory";
    case Breakage::kNonsense:
      return "nonsense";
    case Breakage::kError:
      return "error";
  }
  return "";
}

void GradingCase::Broke(Breakage how, std::string detail, bool doubtful) {
  const std::string what =
      std::string(BreakageName(how)) + (detail.empty() ? "" : " (" + detail + ")");
  last_breakage_ = how;
  doubtful_ = doubtful_ || doubtful;
  switch (step_) {
    case Step::kRun:
      story_ = what;
      step_ = Step::kAlone;
      return;
    case Step::kAlone:
      if (canaries_passed_ == 0) story_ += ", alone " + what;
      if (doubtful_ && canaries_passed_ > 0 && canaries_broken_ > 0) {
        verdict_ =
            Verdict::Masked(OutcomeReason::kGraderCrashed,
                            "the scorer comes and goes: " + story_ + ", and so did a canary");
        step_ = Step::kDone;
        return;
      }
      if (canaries_passed_ < (doubtful_ ? kDoubtfulRounds : 1)) {
        step_ = Step::kCanary;
        return;
      }
      verdict_ = Verdict::Failed(
          OutcomeReason::kGraderKilled,
          "the answer breaks its scorer: " + story_ + "; a canary passed, and then again " + what);
      step_ = Step::kDone;
      return;
    case Step::kCanary:
      if (++canaries_broken_ < kCanaries) return;
      verdict_ = Verdict::Masked(OutcomeReason::kGraderCrashed,
                                 "the scorer is broken: " + story_ + "; the canary: " + what);
      step_ = Step::kDone;
      return;
    case Step::kDone:
      return;
  }
}

void GradingCase::Judged(Verdict verdict) {
  if (step_ == Step::kCanary) {
    ++canaries_passed_;
    step_ = Step::kAlone;
    return;
  }
  verdict_ = std::move(verdict);
  step_ = Step::kDone;
}

}  // namespace cohort
