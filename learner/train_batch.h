// What the trainer trains on: plain values, made by group assembly.
#pragma once

#include <cstdint>
#include <vector>

namespace cohort {

// One completion. Samples without tokens are left out of everything.
struct TrainSample {
  std::vector<int32_t> tokens;            // EOS included when it was drawn
  std::vector<float> behaviour_logprobs;  // one per token, at the sampling temperature
  bool on_policy = false;  // drawn wholly under the weights that the trainer holds now
  bool mixed = false;      // new weights were taken half-way
  float advantage = 0;
  bool in_loss = false;  // false: masked; neither computed nor counted
};

// All samples of one prompt. Groups come ordered by id, samples by index: the order is part of the
// result's bits.
struct TrainGroup {
  std::vector<int32_t> prompt;  // at least one token where a sample is in the loss
  std::vector<TrainSample> samples;
};

struct SftExample {
  std::vector<int32_t> prompt;      // at least one token
  std::vector<int32_t> completion;  // at least one token; ends with EOS where it should be learned
};

struct StepStats {
  // Over the step's optimizer steps: mean of their losses, gradient norms (before clipping) and,
  // for the learning rate, the last one's.
  double loss = 0;
  double grad_norm = 0;
  double learning_rate = 0;
  int64_t optimizer_steps = 0;  // 0: nothing in the step had a signal

  // Means over trained tokens (losses.h says of what). SFT leaves all but entropy at 0.
  double kl_reference = 0;
  double kl_behaviour = 0;
  double clip_low = 0;   // share of tokens that the clip took out of the gradient
  double clip_high = 0;  // …
  double dual_clip = 0;
  double ratio_mean = 0;
  double importance_mean = 0;
  double importance_capped = 0;
  double entropy = 0;  // nats

  int64_t tokens_trained = 0;     // completion tokens in the loss
  int64_t sequences_trained = 0;  // completions in the loss
  int64_t groups_trained = 0;
  int64_t micro_batches = 0;  // of the training forwards
  int64_t rows = 0;           // of the training forwards

  // Actor's against learner's log-probability in the first training forward, over the tokens of
  // on-policy samples: equal to the bit, or a bug (or a machine of another kind).
  uint64_t gap_tokens = 0;
  uint64_t gap_nonzero = 0;
  double gap_max = 0;
  // The same over mixed samples, whose gap is real.
  uint64_t mixed_tokens = 0;
  double mixed_gap_max = 0;

  double seconds_total = 0;
  double seconds_reference = 0;
  double seconds_proximal = 0;
  double seconds_forward = 0;  // with the loss
  double seconds_backward = 0;
  double seconds_optimizer = 0;
};

}  // namespace cohort
