// Values for the shape of a completion rather than for its answer. Pure functions: one formula, one
// function.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

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

// The values of CosineLengthValue at its ends.
struct CosineLengthRange {
  double right_at_zero;   // a right answer without a token
  double right_at_limit;  // a right answer of `limit` tokens
  double wrong_at_zero;   // a wrong answer without a token
  double wrong_at_limit;  // a wrong answer of `limit` tokens
};

// From the value at 0 tokens to the one at `limit` along half a cosine wave, flat at both ends:
// at_limit + (at_zero − at_limit) · (1 + cos(π · tokens / limit)) / 2. Beyond the limit it stays at
// at_limit (the wave would climb back); a limit of 0 gives at_limit. Source: the cosine reward of
// arXiv 2502.03373, section 4, without its own value for a cut-off completion (CleanStopValue).
double CosineLengthValue(size_t tokens, size_t limit, bool right, const CosineLengthRange& range);

struct MemberLength {
  size_t tokens = 0;
  bool right = false;
};

// One value for each member of a group, in its order, from −0.5 to 0.5. With λ = 0.5 − (tokens −
// shortest) / (longest − shortest) it is λ for a right answer and min(0, λ) for a wrong one, so
// that brevity never rewards what is wrong; all 0 where all have one length. Source: the length
// penalty of Kimi k1.5 (arXiv 2501.12599, section 2.3.3).
std::vector<double> GroupLengthValues(std::span<const MemberLength> group);

}  // namespace cohort
