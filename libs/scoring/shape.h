// Values for the shape of a completion rather than for its answer. Pure functions: one formula, one
// function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cohort {

// 1 when the model ended the completion itself (a stop token), 0 when a limit cut it off. Source:
// Cohort's own; it keeps an answer at the limit from being worth as much as a finished one.
double CleanStopValue(bool stopped);

// 1 − tokens / limit, not below 0: 1 at no token, falling linearly to 0 at `limit` tokens (> 0)
// and beyond. Tokens count the stop token. Source: Cohort's own; the simplest length preference.
double LengthValue(size_t tokens, size_t limit);

// 0 up to limit − buffer tokens, then falling linearly to −1 at `limit`, −1 beyond. A buffer above
// the limit counts as the limit; without a buffer it is a step. Source: DAPO's soft overlong
// punishment (arXiv 2503.14476, equation 13; L_max = limit, L_cache = buffer).
double SoftOverlongValue(size_t tokens, size_t limit, size_t buffer);

// The share of n-grams that were there before, from 0 (none) to below 1; 0 for fewer than n tokens
// or n = 0. Takes time and memory linear in the tokens. Source: the repetition penalty of arXiv
// 2502.03373, appendix, as a share of all n-grams.
double RepeatedShare(std::span<const int32_t> tokens, size_t n);

}  // namespace cohort
