// How a judge is told to end its reply, and how that is read: the two belong together.
//
// Strict: a reply that does not end as told is nonsense, however plain it may be to people what it
// means. Pure; whatever a service sends becomes one of these or a Status. The line that decides is
// the last one, and it may stand there once only: a judge that repeats what a response says about
// its own score has not judged.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace cohort {

struct MarkRange {
  double lowest = 1;
  double highest = 10;
};

// To end with "SCORE: <number>", or with "BETTER: A", "BETTER: B" or "BETTER: TIE".
std::string ScoreInstruction(MarkRange range);
std::string BetterInstruction();

struct JudgeSaid {
  double value = 0;  // pointwise the mark, from 0 (lowest) to 1 (highest); pairwise 1 for A, 0 for
                     // B, one half for a tie
  std::string reason;  // the line before, quoted and short; may be empty
};

Result<JudgeSaid> ReadScore(std::string_view content, MarkRange range);
Result<JudgeSaid> ReadBetter(std::string_view content);

// The content of the one choice of a chat completion (OpenAI's format) that ended by itself.
Result<std::string> ReadChatCompletion(std::string_view json);

}  // namespace cohort
