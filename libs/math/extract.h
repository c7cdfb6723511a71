// Finds the answer in a model's text: which words are the answer, not what they mean.
//
// One place is read, never several, so that a text which lists candidates is worth no more than its
// last statement. In this order:
//
//   1. kBox: the last \boxed{…} or \fbox{…} whose braces balance; of boxes inside of each other the
//      outer one. \boxed 5 boxes a single digit or letter. A box that is empty or not closed is
//      none.
//   2. kStatement: what follows the last "answer is", "answers are" or "answer:" (so also "final
//      answer is"; in any case of letters), or "####" at the start of a line: up to the end of the
//      sentence or line, or to a word such as "because"; "**" around it falls away. Mathematics
//      between marks — $…$, $$…$$, \(…\), \[…\] — is taken whole, whatever full stops and lines it
//      has.
//   3. kBare: the text itself, when it is one line of at most 200 bytes and four words.
//   4. kLast: mathematics between marks that ends the text, where it is alone in its sentence: no
//      other mathematics and no digit beside it.
//
// What is found may still be no answer: "not known" is read and refused by JudgeMath.
//
// Linear in the text; only the last MiB is looked at. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cohort {

inline constexpr size_t kMaxTextBytes = size_t{1} << 20;

enum class AnswerRule { kBox, kStatement, kBare, kLast };

std::string_view AnswerRuleName(AnswerRule rule);  // "box", "statement", …

struct ExtractedAnswer {
  std::string text;
  AnswerRule rule = AnswerRule::kBox;

  bool operator==(const ExtractedAnswer&) const = default;
};

// Nothing when there is no answer.
std::optional<ExtractedAnswer> ExtractAnswer(std::string_view text);

}  // namespace cohort
