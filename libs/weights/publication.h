// A publication: one numbered set of weights, as learner and actors hand it around.
//
// Values; the weights themselves are shared and immutable.
#pragma once

#include <cstdint>
#include <memory>

#include "libs/base/clock.h"
#include "libs/base/digest.h"
#include "libs/checkpoint/weights_buffer.h"

namespace cohort {

struct Publication {
  uint64_t version = 0;  // from 1; a number is never used for other weights
  std::shared_ptr<const WeightsBuffer> weights;
  Digest digest;                // DigestOfWeights(*weights); zero: the publisher computes it
  bool for_evaluation = false;  // kept until the next one that is, besides the newest
};

// A snapshot that arrived whole and has the digest that was announced.
struct LoadedWeights {
  uint64_t version = 0;
  std::shared_ptr<const WeightsBuffer> weights;
  Digest digest;
  bool newest = false;          // for training rollouts
  bool for_evaluation = false;  // for evaluation rollouts of exactly this version
  Duration transfer{0};         // from the first fetch to the checked digest
};

// Of the buffer's bytes (the layout follows from the model and is compared by itself).
// 270 MB: ~30 ms.
Digest DigestOfWeights(const WeightsBuffer& weights);

}  // namespace cohort
