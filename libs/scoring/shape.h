// Values for the shape of a completion rather than for its answer. Pure functions: one formula, one
// function.
#pragma once

#include <cstddef>

namespace cohort {

// 1 when the model ended the completion itself (a stop token), 0 when a limit cut it off. Source:
// Cohort's own; it keeps an answer at the limit from being worth as much as a finished one.
double CleanStopValue(bool stopped);

// 1 − tokens / limit, not below 0: 1 at no token, falling linearly to 0 at `limit` tokens (> 0)
// and beyond. Tokens count the stop token. Source: Cohort's own; the simplest length preference.
double LengthValue(size_t tokens, size_t limit);

}  // namespace cohort
