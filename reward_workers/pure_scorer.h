// A scorer that is a pure function of rollout and text, and what such scorers share.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/scoring/thinking.h"
#include "libs/scoring/verdict.h"
#include "reward_workers/scorer.h"

namespace cohort {

using Judge = std::function<Verdict(const ScoreRequest&)>;

// Answers before Start returns. `wants`: what it reads beyond text.
std::unique_ptr<Scorer> MakePureScorer(std::string name, Judge judge, ScorerWants wants = {});

// The verdict on a completion without the part that the scorer reads: unparseable.
Verdict NoSpan(Span span);

}  // namespace cohort
