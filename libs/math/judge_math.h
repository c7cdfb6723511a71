// Judges a mathematical answer by its gold: the `math` scorer without its worker. The conventions
// are in docs/math_equality.md.
//
// Bounded by construction: an answer above kMaxAnswerBytes is not read, costs are estimated before
// anything is computed, and no clock is asked. Pure function, safe in any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace cohort {

inline constexpr size_t kMaxAnswerBytes = 4096;

enum class MathVerdict {
  kEqual,
  kDifferent,
  kUndecided,    // not told apart and not proved equal: wrong
  kUnparsed,     // the answer, or a part of it, cannot be read
  kUnsupported,  // read, but not computed: an integral, a derivative
  kTooCostly,    // outside of the budget
  kGoldInvalid,  // the gold cannot be read, or has no value
};

std::string_view MathVerdictName(MathVerdict verdict);  // "equal", "gold_invalid", …

struct MathJudgement {
  MathVerdict verdict = MathVerdict::kDifferent;
  std::string detail;  // the reason: one line of ASCII; empty when equal or different
};

MathJudgement JudgeMath(std::string_view gold, std::string_view answer);

// Why this gold answer cannot be used; ok when it can.
Status CheckMathGold(std::string_view gold);

}  // namespace cohort
