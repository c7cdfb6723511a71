// The words of a mathematical answer: LaTeX, Unicode and plain text become the same tokens.
//
// Linear in the text, and nothing is dropped but what docs/math_equality.md calls wrapping: a byte
// that is no mathematics is an error, not white space. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/math/rational.h"

namespace cohort {

struct Token {
  enum class Kind {
    kNumber,   // number, decimals, significant; `text`: its digits when it is a plain integer
    kWord,     // letters: a variable, a function, several variables, or a word
    kName,     // one symbol whatever its letters: a Greek letter, \overline{AB}
    kCommand,  // a LaTeX command in its canonical spelling, without the backslash
    kSign,     // punctuation and operators in canonical spelling: "+", "<=", "cup", "deg", …
    kEnd,
  };

  Kind kind = Kind::kEnd;
  std::string text;
  bool space_before = false;
  bool in_text = false;  // stood inside of \text{…}
  bool vulgar = false;   // a number that is one of the fractions of Unicode, as ½
  Rational number;
  int decimals = 0;
  int significant = 0;
};

enum class DecimalComma { kRefused, kAccepted };

// Ends with one kEnd token. `decimal_comma`: "1,25" is one number.
Result<std::vector<Token>> ReadTokens(std::string_view text, DecimalComma decimal_comma);

}  // namespace cohort
