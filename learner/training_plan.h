// Which rows a step computes: minibatches, micro-batches, and where each token is predicted.
//
// Pure: no torch, no weights. The same groups always give the same plan.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "learner/train_batch.h"
#include "libs/base/status.h"
#include "libs/checkpoint/model_config.h"
#include "libs/model/packed_batch.h"
#include "libs/rl/losses.h"

namespace cohort {

// Which sample a run of tokens belongs to; for SFT, example `group`, sample 0.
struct CompletionRef {
  size_t group = 0;
  size_t sample = 0;
  auto operator<=>(const CompletionRef&) const = default;
};

// One forward. Tokens of the completions follow one another in the order of `completions`.
struct TrainingMicroBatch {
  PackedBatch batch;
  std::vector<CompletionRef> completions;
  std::vector<int64_t> lengths;  // tokens of each completion
  std::vector<int64_t> rows;     // per token: the hidden row that predicts it
  std::vector<int64_t> targets;  // per token: its id
};

// One optimizer step.
struct Minibatch {
  std::vector<TrainingMicroBatch> micro_batches;
  LossDenominators denominators;  // over all of them
  int64_t groups = 0;
};

// Vocabulary, context, lengths of log-probabilities, finite numbers, of all samples in the loss.
// kInvalidArgument names the group and sample by their places.
Status CheckTrainGroups(std::span<const TrainGroup> groups, const ModelConfig& config);
Status CheckSftExamples(std::span<const SftExample> examples, const ModelConfig& config);

// Samples in the loss, without the groups that have no signal (all advantages 0) unless
// `keep_silent_groups`. The groups left are dealt in order to `minibatches` of nearly equal count
// (at most one each). Empty when nothing is left.
std::vector<Minibatch> PlanGrpoStep(std::span<const TrainGroup> groups, bool keep_silent_groups,
                                    int64_t minibatches, int64_t row_budget);

// The same arithmetic for a choice of samples, which are in ascending order.
std::vector<TrainingMicroBatch> PlanForward(std::span<const TrainGroup> groups,
                                            std::span<const CompletionRef> choice,
                                            int64_t row_budget);

Minibatch PlanSftStep(std::span<const SftExample> examples, int64_t row_budget);

}  // namespace cohort
