// Numbers as they are written: groups of thousands, decimals, what repeats, powers of ten. Linear
// in the text. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/math/rational.h"

namespace cohort {

struct NumeralOptions {
  bool comma_groups = true;  // "1,234" is one number
  bool decimal_comma = false;
};

struct Numeral {
  Rational value;
  std::string digits;   // of a plain integer, without separators; else empty
  int decimals = 0;     // digits behind the point, unless some repeat
  int significant = 0;  // of a decimal: digits from the first that is not zero
  size_t length = 0;    // bytes that were read
};

bool StartsNumeral(std::string_view text);

// The number that the text starts with. kResourceExhausted for exponents beyond 400.
Result<Numeral> ReadNumeral(std::string_view text, const NumeralOptions& options);

}  // namespace cohort
