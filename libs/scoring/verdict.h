// What one scorer says about one sample: a value, or the reason why it has none. Values.
#pragma once

#include <optional>
#include <string>

#include "libs/scoring/outcome.h"

namespace cohort {

class Verdict {
 public:
  // The scorer saw an answer and valued it. A value that is not finite is the scorer's own failure:
  // masked as grader_crashed.
  static Verdict Graded(double value, std::string detail = "");
  // The model caused that there is nothing to value: worth 0. A reason that is masked stays so.
  static Verdict Failed(OutcomeReason reason, std::string detail);
  // The model did not cause it: no value. A reason that is scored becomes grader_crashed.
  static Verdict Masked(OutcomeReason reason, std::string detail);

  // The scorer has nothing to say about such a sample (None in TRL): the reward is made without it.
  static Verdict NotApplicable(std::string detail = "");

  // The same verdict with what is kept for those who check it later: some lines.
  Verdict With(std::string evidence) &&;

  bool scored() const { return IsScored(reason_); }
  bool applicable() const { return applicable_; }
  OutcomeReason reason() const { return reason_; }
  // Nothing when masked or not applicable.
  std::optional<double> value() const;
  const std::string& detail() const { return detail_; }  // one line for people; may be empty
  const std::string& evidence() const { return evidence_; }

  bool operator==(const Verdict&) const = default;

 private:
  Verdict(OutcomeReason reason, double value, std::string detail)
      : reason_(reason), value_(value), detail_(std::move(detail)) {}

  OutcomeReason reason_;
  double value_;
  std::string detail_;
  std::string evidence_;
  bool applicable_ = true;
};

// A verdict, and whether the same question always has it: no clock, memory or machine had a part.
struct Judged {
  Verdict verdict;
  bool keep = false;
};

// Text of a model inside a line for people: in quotes, without control characters, cut to
// `max_bytes` between two characters.
std::string Quoted(std::string_view text, size_t max_bytes = 60);

}  // namespace cohort
