#include "learner/trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace cohort {
namespace {

// Adds the time of its life to a counter.
class Stopwatch {
 public:
  Stopwatch(const Clock& clock, double* seconds)
      : clock_(clock), seconds_(seconds), start_(clock.Now()) {}
  ~Stopwatch() { *seconds_ += ToSeconds(clock_.Now() - start_); }
  Stopwatch(const Stopwatch&) = delete;

 private:
  const Clock& clock_;
  double* seconds_;
  Time start_;
};

at::Tensor ToTensor(std::span<const int64_t> values) {
  at::Tensor result = at::empty({static_cast<int64_t>(values.size())}, at::kLong);
  std::ranges::copy(values, result.data_ptr<int64_t>());
  return result;
}

// Actor's against learner's log-probabilities; logprobs: [tokens] float32 CPU.
void MeasureGap(std::span<const TrainGroup> groups, const TrainingMicroBatch& batch,
                const at::Tensor& logprobs, StepStats& stats) {
  const float* ours = logprobs.const_data_ptr<float>();
  for (size_t c = 0; c < batch.completions.size(); ++c) {
    const TrainSample& sample =
        groups[batch.completions[c].group].samples[batch.completions[c].sample];
    for (float theirs : sample.behaviour_logprobs) {
      const float gap = std::fabs(*ours++ - theirs);
      if (sample.on_policy) {
        stats.gap_tokens += 1;
        stats.gap_nonzero += gap == 0 ? 0 : 1;
        stats.gap_max = std::max(stats.gap_max, static_cast<double>(gap));
      } else if (sample.mixed) {
        stats.mixed_tokens += 1;
        stats.mixed_gap_max = std::max(stats.mixed_gap_max, static_cast<double>(gap));
      }
    }
  }
}

Status CheckOptions(const TrainerOptions& options) {
  const GrpoLossOptions& loss = options.loss;
  if (options.temperature <= 0) return InvalidArgument("temperature must be above 0");
  if (options.minibatches < 1) return InvalidArgument("minibatches must be at least 1");
  if (options.micro_batch_rows < 1) return InvalidArgument("micro_batch_rows must be at least 1");
  if (loss.clip_low < 0 || loss.clip_high < 0) {
    return InvalidArgument("clip_low and clip_high must not be negative");
  }
  if (loss.kl_coefficient < 0) return InvalidArgument("kl_coefficient must not be negative");
  if (loss.dual_clip != 0 && loss.dual_clip <= 1) {
    return InvalidArgument("dual_clip must be above 1, or 0 for none");
  }
  if (loss.correction != ImportanceCorrection::kOff && loss.importance_cap <= 1) {
    return InvalidArgument("importance_cap must be above 1");
  }
  if (options.compute_type != DType::kFloat32 && options.compute_type != DType::kBFloat16) {
    return InvalidArgument("compute_type must be float32 or bfloat16");
  }
  return {};
}

}  // namespace

struct Trainer::StepTotals {
  StepStats stats;
  GrpoStatistics sums;
  double loss = 0;  // of all minibatches

  void Count(const Minibatch& minibatch) {
    stats.tokens_trained += minibatch.denominators.tokens;
    stats.sequences_trained += minibatch.denominators.sequences;
    stats.groups_trained += minibatch.groups;
    stats.micro_batches += static_cast<int64_t>(minibatch.micro_batches.size());
    for (const TrainingMicroBatch& batch : minibatch.micro_batches) {
      stats.rows += batch.batch.rows();
    }
  }

  // The sums become means.
  void Finish() {
    const double steps = static_cast<double>(std::max<int64_t>(stats.optimizer_steps, 1));
    stats.loss = loss / steps;
    stats.grad_norm /= steps;
    const double tokens = std::max(sums.tokens, 1.0);
    stats.ratio_mean = sums.ratio / tokens;
    stats.kl_reference = sums.kl_reference / tokens;
    stats.kl_behaviour = sums.kl_behaviour / tokens;
    stats.clip_low = sums.clipped_low / tokens;
    stats.clip_high = sums.clipped_high / tokens;
    stats.dual_clip = sums.dual_clipped / tokens;
    stats.importance_mean = sums.importance / tokens;
    stats.importance_capped = sums.importance_capped / tokens;
    stats.entropy = sums.entropy / tokens;
  }
};

Trainer::Trainer(const TrainerOptions& options, MasterWeights masters, const Clock& clock,
                 std::shared_ptr<const Decoder> decoder)
    : options_(options),
      masters_(std::move(masters)),
      clock_(&clock),
      decoder_(std::move(decoder)),
      optimizer_(options.adamw, masters_.tensors()) {}

Result<std::unique_ptr<Trainer>> Trainer::Create(const TrainerOptions& options,
                                                 MasterWeights masters, const Clock& clock,
                                                 std::shared_ptr<const Decoder> decoder) {
  COHORT_RETURN_IF_ERROR(CheckOptions(options));
  if (decoder == nullptr) {
    COHORT_ASSIGN_OR_RETURN(decoder, Decoder::Create(masters.config(), options.compute_type));
  }
  if (decoder->config() != masters.config() || decoder->dtype() != options.compute_type) {
    return InvalidArgument("the decoder was made for another configuration or compute type");
  }
  std::unique_ptr<Trainer> trainer(
      new Trainer(options, std::move(masters), clock, std::move(decoder)));
  if (trainer->HasReference()) COHORT_RETURN_IF_ERROR(trainer->RefreshReference());
  return trainer;
}

WeightsBuffer Trainer::Publication() const { return masters_.ToBuffer(options_.compute_type); }

Status Trainer::RefreshReference() { return SetReference(Publication()); }

Status Trainer::SetReference(WeightsBuffer buffer) {
  COHORT_ASSIGN_OR_RETURN(reference_, MakeComputeWeights(masters_.config(), buffer));
  reference_buffer_ = std::move(buffer);
  return {};
}

Result<TokenLogprobs> Trainer::Forward(const ComputeWeights& weights,
                                       const TrainingMicroBatch& batch, double temperature,
                                       bool with_entropy) const {
  COHORT_ASSIGN_OR_RETURN(const at::Tensor hidden, decoder_->Forward(weights, batch.batch));
  const at::Tensor selected = hidden.index_select(/*dim=*/0, ToTensor(batch.rows));
  return SelectedLogprobs(weights, selected, ToTensor(batch.targets), temperature, with_entropy);
}

Result<Trainer::SampleLogprobs> Trainer::ProximalPass(std::span<const TrainGroup> groups,
                                                      std::span<const Minibatch> plan,
                                                      StepStats& stats) const {
  std::vector<CompletionRef> choice;
  for (size_t m = 1; m < plan.size() && options_.ratio_base == RatioBase::kProximal; ++m) {
    for (const TrainingMicroBatch& batch : plan[m].micro_batches) {
      for (const CompletionRef& ref : batch.completions) {
        if (!groups[ref.group].samples[ref.sample].on_policy) choice.push_back(ref);
      }
    }
  }
  SampleLogprobs result;
  if (choice.empty()) return result;
  const Stopwatch stopwatch(*clock_, &stats.seconds_proximal);
  at::NoGradGuard no_grad;
  const auto weights = MakeComputeWeights(masters_, options_.compute_type, Gradients::kNone);
  for (const TrainingMicroBatch& batch : PlanForward(groups, choice, options_.micro_batch_rows)) {
    COHORT_ASSIGN_OR_RETURN(const TokenLogprobs tokens,
                            Forward(*weights, batch, options_.temperature, false));
    const float* values = tokens.logprobs.const_data_ptr<float>();
    for (size_t c = 0; c < batch.completions.size(); ++c) {
      result[batch.completions[c]].assign(values, values + batch.lengths[c]);
      values += batch.lengths[c];
    }
  }
  return result;
}

Result<GrpoTokens> Trainer::MakeTokens(std::span<const TrainGroup> groups,
                                       const TrainingMicroBatch& batch,
                                       const LossDenominators& denominators,
                                       const SampleLogprobs* proximal, StepStats& stats) const {
  const auto count = static_cast<int64_t>(batch.targets.size());
  GrpoTokens tokens;
  tokens.weights = TokenWeights(batch.lengths, options_.aggregation, denominators);
  tokens.behaviour = at::empty({count}, at::kFloat);
  tokens.advantages = at::empty({count}, at::kFloat);
  const bool to_sampler = options_.ratio_base == RatioBase::kBehaviour;
  if (!to_sampler && proximal != nullptr) tokens.proximal = at::empty({count}, at::kFloat);
  int64_t at = 0;
  for (const CompletionRef& ref : batch.completions) {
    const TrainSample& sample = groups[ref.group].samples[ref.sample];
    const auto length = static_cast<int64_t>(sample.tokens.size());
    std::ranges::copy(sample.behaviour_logprobs, tokens.behaviour.data_ptr<float>() + at);
    std::fill_n(tokens.advantages.data_ptr<float>() + at, length, sample.advantage);
    if (tokens.proximal.defined()) {
      // What was drawn under these very weights already has their log-probabilities, to the bit.
      const auto& known = sample.on_policy ? sample.behaviour_logprobs : proximal->at(ref);
      std::ranges::copy(known, tokens.proximal.data_ptr<float>() + at);
    }
    at += length;
  }
  if (to_sampler) tokens.proximal = tokens.behaviour;
  if (HasReference()) {
    const Stopwatch stopwatch(*clock_, &stats.seconds_reference);
    at::NoGradGuard no_grad;
    COHORT_ASSIGN_OR_RETURN(const TokenLogprobs reference,
                            Forward(*reference_, batch, options_.temperature, false));
    tokens.reference = reference.logprobs;
  }
  return tokens;
}

Status Trainer::Backward(const at::Tensor& loss, double& total_loss, StepStats& stats) const {
  const double value = loss.item<double>();
  if (!std::isfinite(value)) {
    return Internal("the loss is not finite (" + std::to_string(value) +
                    "): nothing was applied; look at the step's samples, lower the learning rate, "
                    "or set a dual clip");
  }
  total_loss += value;
  const Stopwatch stopwatch(*clock_, &stats.seconds_backward);
  loss.backward();
  return {};
}

Status Trainer::AccumulateGrpo(std::span<const TrainGroup> groups, const Minibatch& minibatch,
                               const SampleLogprobs* proximal, StepTotals& totals) {
  StepStats& stats = totals.stats;
  const auto weights = MakeComputeWeights(masters_, options_.compute_type, Gradients::kToMasters);
  for (const TrainingMicroBatch& batch : minibatch.micro_batches) {
    COHORT_ASSIGN_OR_RETURN(GrpoTokens tokens,
                            MakeTokens(groups, batch, minibatch.denominators, proximal, stats));
    GrpoLossResult result;
    {
      const Stopwatch stopwatch(*clock_, &stats.seconds_forward);
      COHORT_ASSIGN_OR_RETURN(
          const TokenLogprobs current,
          Forward(*weights, batch, options_.temperature, options_.measure_entropy));
      tokens.logprobs = current.logprobs;
      tokens.entropy = current.entropy;
      result = GrpoLoss(tokens, options_.loss);
    }
    if (proximal == nullptr) MeasureGap(groups, batch, tokens.logprobs.detach(), stats);
    totals.sums += result.statistics;
    COHORT_RETURN_IF_ERROR(Backward(result.loss, totals.loss, stats));
  }
  totals.Count(minibatch);
  return {};
}

Status Trainer::ApplyGradients(StepStats& stats) {
  const Stopwatch stopwatch(*clock_, &stats.seconds_optimizer);
  COHORT_ASSIGN_OR_RETURN(const double norm, optimizer_.GradientNorm());
  optimizer_.ClipGradients(norm, options_.grad_clip);
  stats.grad_norm += norm;
  stats.learning_rate = LearningRateAt(options_.schedule, optimizer_.steps());
  optimizer_.Step(stats.learning_rate);
  optimizer_.DropGradients();
  stats.optimizer_steps += 1;
  if (HasReference() && options_.reference_every > 0 &&
      optimizer_.steps() % options_.reference_every == 0) {
    COHORT_RETURN_IF_ERROR(RefreshReference());
  }
  return {};
}

Result<StepStats> Trainer::GrpoStep(std::span<const TrainGroup> groups) {
  COHORT_RETURN_IF_ERROR(CheckTrainGroups(groups, masters_.config()));
  const std::vector<Minibatch> plan = PlanGrpoStep(groups, /*keep_silent_groups=*/HasReference(),
                                                   options_.minibatches, options_.micro_batch_rows);
  StepTotals totals;
  {
    const Stopwatch stopwatch(*clock_, &totals.stats.seconds_total);
    COHORT_ASSIGN_OR_RETURN(const SampleLogprobs proximal,
                            ProximalPass(groups, plan, totals.stats));
    for (size_t m = 0; m < plan.size(); ++m) {
      Status status = AccumulateGrpo(groups, plan[m], m == 0 ? nullptr : &proximal, totals);
      if (status.ok()) status = ApplyGradients(totals.stats);
      if (!status.ok()) {
        optimizer_.DropGradients();
        return status;
      }
    }
  }
  totals.Finish();
  return totals.stats;
}

Result<StepStats> Trainer::SftStep(std::span<const SftExample> examples) {
  COHORT_RETURN_IF_ERROR(CheckSftExamples(examples, masters_.config()));
  StepTotals totals;
  if (examples.empty()) return totals.stats;
  StepStats& stats = totals.stats;
  {
    const Stopwatch stopwatch(*clock_, &stats.seconds_total);
    const Minibatch plan = PlanSftStep(examples, options_.micro_batch_rows);
    Status status = AccumulateSft(plan, totals);
    if (status.ok()) status = ApplyGradients(stats);
    if (!status.ok()) {
      optimizer_.DropGradients();
      return status;
    }
  }
  totals.Finish();
  return stats;
}

Status Trainer::AccumulateSft(const Minibatch& minibatch, StepTotals& totals) {
  StepStats& stats = totals.stats;
  const auto weights = MakeComputeWeights(masters_, options_.compute_type, Gradients::kToMasters);
  for (const TrainingMicroBatch& batch : minibatch.micro_batches) {
    at::Tensor loss;
    {
      const Stopwatch stopwatch(*clock_, &stats.seconds_forward);
      COHORT_ASSIGN_OR_RETURN(
          const TokenLogprobs current,
          Forward(*weights, batch, /*temperature=*/1.0, options_.measure_entropy));
      loss = SftLoss(current.logprobs,
                     TokenWeights(batch.lengths, options_.aggregation, minibatch.denominators));
      totals.sums.tokens += static_cast<double>(batch.targets.size());
      if (current.entropy.defined()) {
        totals.sums.entropy += current.entropy.sum(at::kDouble).item<double>();
      }
    }
    COHORT_RETURN_IF_ERROR(Backward(loss, totals.loss, stats));
  }
  totals.Count(minibatch);
  return {};
}

}  // namespace cohort
