// Whether a program printed what it should have. Pure; linear in the outputs.
//
// Numbers are compared as decimal text, without floating point, so that 1, 1.0 and 1e0 are the same
// and 50000000000000000 and 50000000000000001 are not.
#pragma once

#include <optional>
#include <string_view>

#include "libs/base/status.h"

namespace cohort {

enum class OutputMatch {
  kExact,   // line by line, but for white space at the ends of lines and of the output
  kLines,   // as many lines; in each the same tokens, numbers by value (LiveCodeBench's rule)
  kTokens,  // the same tokens, wherever lines end; numbers by value
  kFloats,  // as kTokens, but numbers written with a point or an exponent may differ a little
};
Result<OutputMatch> ParseOutputMatch(std::string_view name);  // "exact", "lines", …

// A number of `got` matches if it differs from `wanted` by at most `tolerance` × max(1, |wanted|).
// For kFloats only.
bool OutputMatches(std::string_view got, std::string_view wanted, OutputMatch match,
                   double tolerance = 1e-6);

// Whether two texts are decimal numbers of the same value.
bool SameDecimal(std::string_view a, std::string_view b);

}  // namespace cohort
