// Is this the right answer? Comparisons of a model's text with a gold answer. Pure functions,
// linear in the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cohort {

// Equal but for white space at the ends. Source: the exact match of question answering, without its
// normalisation of case, articles and punctuation.
bool ExactMatch(std::string_view answer, std::string_view gold);

// The last number in a text, in canonical decimal form: what the pattern -?\d[\d,]*(\.\d+)? finds
// last from left to right (ASCII digits), without commas, without zeros that change nothing ("-0"
// is "0", "007" is "7", "1,250.50" is "1250.5"). Nothing when there is no number. Source: the usual
// answer extraction for GSM8K (Cobbe et al., arXiv 2110.14168), where the last number counts.
std::optional<std::string> LastNumber(std::string_view text);

// The whole text (but for white space at the ends) as one such number; nothing when it is not one:
// gold answers.
std::optional<std::string> NumberText(std::string_view text);

}  // namespace cohort
