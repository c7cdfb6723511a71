// What single signs and commands mean: the tables of Unicode, LaTeX and function names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cohort {

struct UnicodeSign {
  enum class Meaning : uint8_t { kSpace, kSign, kCommand, kName, kFraction, kRaised, kLowered };
  Meaning meaning = Meaning::kSpace;
  std::string_view text;  // for a fraction its two digits, for a small sign the sign
  size_t bytes = 0;
};

// The sign at the start of the text, which is not ASCII; nothing when it has no meaning here.
std::optional<UnicodeSign> FindUnicodeSign(std::string_view text);

struct LatexCommand {
  enum class Meaning : uint8_t {
    kNothing,  // of looks only
    kSpace,
    kSign,
    kCommand,
    kWord,  // a function or a letter written as a command
    kName,
    kText,         // \text{…}
    kRoman,        // \mathrm{…}: text unless it is a letter or a function
    kDecoration,   // \vec{v}: another name than v
    kBoard,        // \mathbb{R}
    kEnvironment,  // \begin{…}, \end{…}
    kUnsupported,  // understood and not computed, as an integral
  };
  Meaning meaning = Meaning::kNothing;
  std::string_view text;
};

std::optional<LatexCommand> FindLatexCommand(std::string_view name);

// "sin", "log", …: in plain letters.
bool IsFunctionName(std::string_view name);

// The longest function name that the word starts with; empty when there is none.
std::string_view LeadingFunctionName(std::string_view word);

}  // namespace cohort
