// A scorer whose judging blocks: on the threads of a crew, with its verdicts kept where they may
// be.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/scoring/thinking.h"
#include "reward_workers/crew.h"
#include "reward_workers/scorer.h"

namespace cohort {

struct CrewQuestion {
  std::string completion;  // the part of it that the scorer sees
  std::string prompt;      // its text
  std::string columns;     // of the row
};

// Called on the crew's threads, several at once.
using CrewJudge = std::function<Judged(const CrewQuestion&, CrewJob&)>;

struct CrewScorerOptions {
  std::string name;
  Span span = Span::kAll;
  bool behind_thought =
      false;  // in place of span: what follows </think>, or all where there is none
  size_t places = 1;
  Duration limit{};
  ScorerWants wants = {};
};

// The context has a mailbox and a decoder.
std::unique_ptr<Scorer> MakeCrewScorer(CrewScorerOptions options, const ScorerContext& context,
                                       CrewJudge judge);

}  // namespace cohort
