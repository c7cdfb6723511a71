// The learner's arithmetic: GRPO and SFT steps on float32 masters.
//
// One Trainer serves one stage. It knows nothing of queues, versions or files but its own state.
// The same inputs give the same bits. Costs, one core: a GRPO step of SmolLM2-135M in bfloat16 on 8
// groups of 8 × 15 tokens some seconds, of a 100k-parameter model some tens of milliseconds.
//
// A failed step (kInternal: a loss or gradient that is not a finite number) leaves the masters as
// the last whole optimizer step left them; nothing of the failed one is applied. kInvalidArgument
// names the group and sample; nothing was computed. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "learner/optimizer.h"
#include "learner/train_batch.h"
#include "learner/training_plan.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/checkpoint/tensor.h"
#include "libs/checkpoint/weights_buffer.h"
#include "libs/model/decoder.h"
#include "libs/model/head.h"
#include "libs/model/master_weights.h"
#include "libs/rl/losses.h"
#include "libs/rl/schedule.h"

namespace cohort {

// What a ratio's denominator is.
enum class RatioBase {
  // The learner's own policy at the start of the step: with one minibatch every ratio is 1, and
  // what separates it from the sampler is left to the importance correction.
  kProximal,
  // The sampler's recorded log-probabilities, the paper's π_old: stale tokens are clipped.
  kBehaviour,
};

struct TrainerOptions {
  DType compute_type = DType::kBFloat16;  // or kFloat32
  AdamWOptions adamw;
  LearningRateSchedule schedule;  // over this trainer's optimizer steps
  double grad_clip = 1.0;         // global norm; 0: off
  int64_t micro_batch_rows = 4096;
  double temperature = 1.0;  // at which samples were drawn; GRPO computes every policy at it
  bool measure_entropy = true;

  // GRPO
  GrpoLossOptions loss;
  Aggregation aggregation = Aggregation::kTokenMean;
  RatioBase ratio_base = RatioBase::kProximal;
  int64_t minibatches = 1;      // optimizer steps of a step
  int64_t reference_every = 0;  // optimizer steps between refreshes of the reference; 0: never
};

class Trainer {
 public:
  // The reference, kept while loss.kl_coefficient > 0, begins as `masters`. A `decoder` of the same
  // configuration and type saves finding row classes again; null makes one. `clock` outlives the
  // trainer.
  static Result<std::unique_ptr<Trainer>> Create(const TrainerOptions& options,
                                                 MasterWeights masters, const Clock& clock,
                                                 std::shared_ptr<const Decoder> decoder = nullptr);

  // One step on all groups: minibatches of whole groups in their order, each an optimizer step
  // whose denominators span its own tokens. Groups whose samples in the loss all have advantage 0
  // are neither computed nor counted, unless there is a KL term. A step without any signal changes
  // nothing and succeeds with optimizer_steps 0.
  Result<StepStats> GrpoStep(std::span<const TrainGroup> groups);

  // One optimizer step on the mean negative log-likelihood of the completions' tokens, at
  // temperature 1.
  Result<StepStats> SftStep(std::span<const SftExample> examples);

  // The masters rounded to the compute type, for broadcast.
  WeightsBuffer Publication() const;

  // Writes a Hugging Face directory of the policy as it is published and evaluated (the masters
  // rounded to the compute type: what lies below the rounding was never seen by the loss, and
  // computing with it gives another policy), with the tokenizer's files of `tokenizer_source`
  // unless empty, and training/{masters,optimizer,reference}.safetensors; with float32 the masters
  // are the policy and have no file of their own. Every file is synced; the caller renames.
  Status SaveState(const std::filesystem::path& directory,
                   const std::filesystem::path& tokenizer_source = {}) const;
  // Continues from what SaveState wrote, to the bit. Checks everything before it changes anything.
  Status LoadState(const std::filesystem::path& directory);
  // The float32 masters of a directory that SaveState wrote.
  static Result<MasterWeights> LoadMasters(const std::filesystem::path& directory);

  int64_t optimizer_steps() const { return optimizer_.steps(); }
  const TrainerOptions& options() const { return options_; }
  const MasterWeights& masters() const { return masters_; }
  const std::shared_ptr<const Decoder>& decoder() const { return decoder_; }
  // For the next stage's trainer; this one is not used after.
  MasterWeights TakeMasters() && { return std::move(masters_); }

 private:
  Trainer(const TrainerOptions& options, MasterWeights masters, const Clock& clock,
          std::shared_ptr<const Decoder> decoder);

  using SampleLogprobs = std::map<CompletionRef, std::vector<float>>;
  struct StepTotals;

  bool HasReference() const { return options_.loss.kl_coefficient > 0; }
  // The reference becomes the masters as they are.
  Status RefreshReference();
  Status SetReference(WeightsBuffer buffer);

  // Log-probabilities of a micro-batch's tokens, [tokens] float32.
  Result<TokenLogprobs> Forward(const ComputeWeights& weights, const TrainingMicroBatch& batch,
                                double temperature, bool with_entropy) const;
  // The policy at the start of the step on those samples of later minibatches that the sampler drew
  // under other weights.
  Result<SampleLogprobs> ProximalPass(std::span<const TrainGroup> groups,
                                      std::span<const Minibatch> plan, StepStats& stats) const;
  // The tensors of the loss, but for those that the current policy gives.
  Result<GrpoTokens> MakeTokens(std::span<const TrainGroup> groups, const TrainingMicroBatch& batch,
                                const LossDenominators& denominators,
                                const SampleLogprobs* proximal, StepStats& stats) const;
  // Adds a minibatch's gradients to the masters and its sums to the totals. `proximal`: null for
  // the first minibatch, whose current policy is the proximal one.
  Status AccumulateGrpo(std::span<const TrainGroup> groups, const Minibatch& minibatch,
                        const SampleLogprobs* proximal, StepTotals& totals);
  Status AccumulateSft(const Minibatch& minibatch, StepTotals& totals);
  Status Backward(const at::Tensor& loss, double& total_loss, StepStats& stats) const;
  // Clips and applies the gradients; refreshes the reference when it is time.
  Status ApplyGradients(StepStats& stats);

  TrainerOptions options_;
  MasterWeights masters_;
  const Clock* clock_;
  std::shared_ptr<const Decoder> decoder_;
  AdamW optimizer_;
  // In the compute type: all that is ever computed from it. Empty without a KL term.
  WeightsBuffer reference_buffer_;
  std::shared_ptr<const ComputeWeights> reference_;
};

}  // namespace cohort
