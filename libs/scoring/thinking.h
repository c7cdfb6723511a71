// R1's shape of a completion, <think>reasoning</think>answer: taking it apart, and judging it.
//
// The tags are these bytes and no others; a "<Think>" is text. Tags that a tokenizer holds as added
// tokens must not be special ones, or they are gone from the decoded text. All functions are pure
// and linear in the text; views point into the argument.
#pragma once

#include <optional>
#include <string_view>

#include "libs/base/status.h"

namespace cohort {

// The part of a completion that a scorer reads.
enum class Span {
  kAll,
  kReasoning,  // from the opening tag (or the start, if there is none) to the last closing tag
  kAnswer,     // behind the last closing tag; without the <answer> tags that may enclose it
};

// "all", "reasoning", "answer".
Result<Span> ParseSpan(std::string_view name);

// Lenient, so that a right answer counts in a wrong shape; nothing when the completion has no such
// part: no closing tag, no reasoning and no answer. An answer inside the reasoning is never found.
std::optional<std::string_view> ExtractSpan(std::string_view completion, Span span);

enum class EmptyThought { kAccepted, kRefused };

// Why the completion does not have R1's format; empty when it has. Source: DeepSeek-R1
// (arXiv 2501.12948), sections 2.2.2 and 2.2.3, read strictly:
//   - it starts with <think>: not even a space comes before;
//   - <think> and </think> appear once each, in this order;
//   - the answer behind </think> is not blank;
//   - <answer> tags are optional. Where one is, there is one pair, it encloses an answer that is
//     not blank, it stands behind </think>, and outside of it there is only white space.
// White space alone between the tags is an empty thought: accepted or not as the caller says.
std::string_view ThinkingFormatProblem(std::string_view completion, EmptyThought empty_thought);

// The same judged leniently, in the manner of ^\s*<think>.*?</think>\s*<answer>.*?</answer> (with
// "." for new lines too), which many recipes use early in training, save that the <answer> tags
// stay optional: white space may stand before <think> and around every tag, the first </think>
// closes the thought, and something must follow, in closed tags if it begins with <answer>. So text
// behind
// </answer>, repeated tags, a second answer, an answer inside the reasoning, an empty one and an
// empty thought all pass. Whatever holds strictly holds here too.
std::string_view LenientFormatProblem(std::string_view completion);

// A quarter for each of "<think>\n", "\n</think>\n", "\n<answer>\n" and "\n</answer>" that stands
// in the completion exactly once, wherever that is. Source: open-r1's tag_count_reward
// (src/open_r1/rewards.py).
double TagShare(std::string_view completion);

// Without white space (space, \t, \n, \v, \f, \r) at both ends.
std::string_view Trimmed(std::string_view text);

}  // namespace cohort
