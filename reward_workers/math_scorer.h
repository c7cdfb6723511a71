// Mathematical answers: finds the answer in the completion and compares it with the gold answer,
// exactly (docs/math_equality.md).
#pragma once

#include <memory>
#include <string>

#include "libs/scoring/thinking.h"
#include "reward_workers/scorer.h"

namespace cohort {

// 1 if the answer that ExtractAnswer finds in the span is equal to the gold answer, 0 if it is
// different or neither is proved. A completion without an answer, or with one that cannot be read,
// is unparseable; an answer that is not computed or costs too much is outside_budget. A gold answer
// that cannot be read is gold_invalid, whatever the completion says.
// Takes microseconds as a rule, 50 milliseconds at worst. Where there is a cache, verdicts are kept
// in it by extracted answer and gold.
std::unique_ptr<Scorer> MakeMathScorer(std::string name, Span span, VerdictCache* cache);

}  // namespace cohort
