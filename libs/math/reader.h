// Reads a mathematical answer, LaTeX or plain text, into a tree.
//
// Linear in the text. All of the text is read or nothing is: there is no ignored tail. Failures:
// kInvalidArgument, what cannot be read; kFailedPrecondition, what is understood but not computed,
// such as an integral; kResourceExhausted, what is nested too deep or too long. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/math/node.h"
#include "libs/math/tokens.h"

namespace cohort {

struct ReadOptions {
  // The variables of the gold answer, in whose light an answer is read; null to read a gold.
  const std::vector<std::string>* symbols = nullptr;
  DecimalComma decimal_comma = DecimalComma::kRefused;
};

Result<Node> ReadAnswer(std::string_view text, const ReadOptions& options);

// The same for a gold, which may be words as well. Fails when not even its tokens can be read.
struct ReadTree {
  Result<Node> tree;
  bool has_words = false;   // words beside mathematics, or instead of it
  bool only_words = false;  // no number and no command among them
};
Result<ReadTree> ReadTokensAndTree(std::string_view text, const ReadOptions& options);

}  // namespace cohort
