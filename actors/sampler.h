// From a row of logits to a token: one uniform number, one draw.
//
// Every draw has a seed address: (prompt.seed, cursor, sample, position of the token in the
// completion), so that a rollout can be drawn again anywhere. The rule is the inverse of the
// distribution function: the first token id, in the order of ids, whose cumulative probability
// exceeds the uniform number times the total probability of the ids that may be drawn.
// Log-probabilities are those of the full softmax at the sampling temperature (1 when greedy),
// whatever was cut away before drawing, by the row functions of libs/model that the learner uses.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "libs/model/head_kernel.h"
#include "libs/protocol/types.h"

namespace cohort {

struct Draw {
  int32_t token = 0;
  float logprob = 0;
};

// In [0, 1), for token `position` (from 0) of sample `sample` (from 0).
double UniformFor(const Prompt& prompt, uint32_t sample, uint32_t position);

// Holds scratch memory only: one per thread.
class Sampler {
 public:
  // Ids from `drawable` up are padding of the embedding (no token of the tokenizer): they take part
  // in the softmax, as in the learner, and are never drawn. 0: every id may be drawn.
  explicit Sampler(int64_t drawable) : drawable_(drawable) {}

  // logits: [vocab] of one row. temperature 0 takes the largest (the lowest id among equals).
  // top_p < 1 draws from the smallest set of the most probable ids (lower ids first among equals)
  // whose probabilities sum to at least top_p.
  Draw Sample(std::span<const float> logits, double temperature, double top_p, double uniform);

 private:
  struct Candidate {
    float probability;
    int32_t token;
  };
  int64_t DrawFromNucleus(std::span<const float> logits, float inverse_temperature,
                          const RowSoftmax& softmax, double top_p, double uniform);

  int64_t drawable_;
  std::vector<float> probabilities_;  // [drawable]
  std::vector<Candidate> candidates_;
};

}  // namespace cohort
