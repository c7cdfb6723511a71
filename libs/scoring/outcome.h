// What became of a sample: a score made of components, or the reason why there is none.
//
// Reasons that the model caused are scored; reasons that it did not cause are masked: out of the
// loss and out of the group's mean and deviation alike, never zero. Values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

// Numbers are part of the protocol: never renumbered; zero is never valid.
enum class OutcomeReason : uint16_t {
  // Scored.
  kGraded = 1,          // the scorers saw an answer: right or wrong, by its components
  kUnparseable = 2,     // no answer could be read from the completion
  kOutsideBudget = 3,   // outside the grader's language or size budget
  kProgramTimeout = 4,  // the model's program took too long
  kProgramMemory = 5,   // … ran out of memory
  kProgramCrash = 6,    // … crashed
  kProgramOutput = 7,   // … wrote too much
  kGraderKilled = 8,    // the same answer broke its grader again while a canary passed
  kPatchRejected = 9,   // its patch does not apply, or touches what it may not
  kTampered = 10,       // it made tests pass that cannot
  // Masked.
  kGoldInvalid = 101,      // the reference answer cannot be read
  kTaskUnsupported = 102,  // no scorer of this worker can judge it
  kSandboxLost = 103,
  kGraderCrashed = 104,
  kExpired = 105,    // the task's deadline passed
  kCancelled = 106,  // nobody wants the answer any more
  kSaturated = 107,  // a service had no room for it until patience ended
};

inline constexpr size_t kMostEvidence = 16 << 10;

bool IsScored(OutcomeReason reason);
std::string_view OutcomeReasonName(OutcomeReason reason);  // "graded", "gold_invalid", …
Result<OutcomeReason> OutcomeReasonFromNumber(uint16_t number);

struct RewardComponent {
  std::string name;
  double value = 0;   // the scorer's value after gates and clamps
  double weight = 1;  // its share of the reward: reward = sum of weight × value
  bool operator==(const RewardComponent&) const = default;
};

class Outcome {
 public:
  // `correct` is what pass@1 counts. The reason must be a scored one, the values finite.
  static Result<Outcome> Scored(OutcomeReason reason, std::vector<RewardComponent> components,
                                bool correct, std::string detail = "");
  static Outcome Masked(OutcomeReason reason, std::string detail);
  // The same outcome with what is kept for those who check it later; cut to kMostEvidence bytes.
  Outcome With(std::string evidence) &&;

  bool scored() const { return IsScored(reason_); }
  OutcomeReason reason() const { return reason_; }
  // Nothing when masked.
  std::optional<double> reward() const;
  bool correct() const { return correct_; }
  const std::vector<RewardComponent>& components() const { return components_; }
  const std::string& detail() const { return detail_; }      // one line for people
  const std::string& evidence() const { return evidence_; }  // some lines; may be empty

  bool operator==(const Outcome&) const = default;

 private:
  OutcomeReason reason_ = OutcomeReason::kGraderCrashed;
  std::vector<RewardComponent> components_;
  bool correct_ = false;
  std::string detail_;
  std::string evidence_;
};

}  // namespace cohort
