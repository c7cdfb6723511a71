// The scorers that are a pure function of rollout and text.
#pragma once

#include <memory>

#include "libs/scoring/shape.h"
#include "libs/scoring/thinking.h"
#include "reward_workers/scorer.h"

namespace cohort {

// 1 if the span is the gold answer (libs/scoring/answers.h, ExactMatch), else 0. A completion
// without such a span is unparseable; an empty gold answer is gold_invalid.
std::unique_ptr<Scorer> MakeExactScorer(std::string name, Span span);

// 1 if the last number of the span is the gold answer's number, compared as decimal text, else 0.
// No span or no number in it is unparseable; a gold answer that is not one number is gold_invalid.
std::unique_ptr<Scorer> MakeNumericScorer(std::string name, Span span);

// 1 if the completion has R1's format (libs/scoring/thinking.h), else 0.
std::unique_ptr<Scorer> MakeFormatScorer(std::string name, EmptyThought empty_thought);

// The same, judged leniently.
std::unique_ptr<Scorer> MakeLenientFormatScorer(std::string name);

// A quarter for each of the four tags that stands once.
std::unique_ptr<Scorer> MakeTagScorer(std::string name);

// 1 if the model wrote a stop token, else 0.
std::unique_ptr<Scorer> MakeCleanStopScorer(std::string name);

// 1 at no token, falling linearly to 0 at `limit` tokens.
std::unique_ptr<Scorer> MakeLengthScorer(std::string name, size_t limit);

// DAPO's punishment (libs/scoring/shape.h): 0 far from the limit, falling to −1 at it.
std::unique_ptr<Scorer> MakeSoftOverlongScorer(std::string name, size_t limit, size_t buffer);

// The cosine of the length between the ends for right and for wrong completions (right: what the
// request says).
std::unique_ptr<Scorer> MakeCosineScorer(std::string name, size_t limit,
                                         const CosineLengthRange& range);

// The share of its n-grams of tokens that the completion has written before.
std::unique_ptr<Scorer> MakeRepetitionScorer(std::string name, size_t ngram);

// The share of the span's words that are of the language (libs/scoring/language.h). A completion
// without such a span, or a span without a word to judge, is unparseable: silence is not worth 1.
// Takes about a millisecond for 10 kB of text, a quarter of a second at worst.
std::unique_ptr<Scorer> MakeLanguageScorer(std::string name, Span span, std::string language);

}  // namespace cohort
