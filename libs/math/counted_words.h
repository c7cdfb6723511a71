// Plain words behind a number: the things that it counts, as in "5 red apples". Most words there
// are harmless, some change the number ("5 thousands") or take it back ("5 false"): those are
// refused.
#pragma once

#include <string>
#include <string_view>

namespace cohort {

// Whether this word, in lower case, can name things that are counted. False for numerals, ordinals,
// fractions, operators, negations, words of truth and doubt, and for what is no word.
bool IsCountable(std::string_view word);

// In lower case and singular, for comparing only: "boxes" and "box" are the same.
std::string Singular(std::string_view word);

}  // namespace cohort
