#include "learner/trainer.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "libs/base/rng.h"
#include "tests/learner/trainer_fixture.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

class TrainerOfType : public ::testing::TestWithParam<DType> {
 protected:
  TrainerOptions Options() const { return CharacterOptions(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(ComputeTypes, TrainerOfType,
                         ::testing::Values(DType::kFloat32, DType::kBFloat16),
                         [](const auto& type) { return std::string(DTypeName(type.param)); });

TEST_P(TrainerOfType, SeesTheActorsLogprobsToTheBit) {
  TrainerOptions options = Options();
  options.temperature = 0.7;
  const auto trainer = MakeTrainer(options);
  const Result<StepStats> stats = trainer->GrpoStep(DrawGroups(*trainer, 8, 8, 70, 5));
  ASSERT_TRUE(stats.ok()) << stats.status().ToString();
  EXPECT_GT(stats->gap_tokens, 1000u);
  EXPECT_EQ(static_cast<int64_t>(stats->gap_tokens), stats->tokens_trained);
  EXPECT_EQ(stats->gap_nonzero, 0u);
  EXPECT_EQ(stats->gap_max, 0.0);
  EXPECT_EQ(stats->ratio_mean, 1.0);
  EXPECT_EQ(stats->kl_behaviour, 0.0);
  EXPECT_EQ(stats->clip_low + stats->clip_high, 0.0);
}

TEST_P(TrainerOfType, RepeatsAStepToTheBit) {
  TrainerOptions options = Options();
  options.loss.kl_coefficient = 0.01;
  options.minibatches = 2;
  const auto first = MakeTrainer(options), second = MakeTrainer(options);
  const std::vector<TrainGroup> groups = DrawGroups(*first, 4, 4, 20, 5);
  for (int step = 0; step < 3; ++step) {
    const Result<StepStats> a = first->GrpoStep(groups), b = second->GrpoStep(groups);
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_EQ(a->loss, b->loss);
    EXPECT_EQ(a->grad_norm, b->grad_norm);
  }
  EXPECT_TRUE(SameBits(first->masters(), second->masters()));
}

TEST_P(TrainerOfType, ContinuesFromItsStateToTheBit) {
  TrainerOptions options = Options();
  options.loss.kl_coefficient = 0.05;
  options.reference_every = 3;  // once before the checkpoint and once after
  options.schedule.warmup_steps = 6;
  const auto whole = MakeTrainer(options);
  const std::vector<TrainGroup> groups = DrawGroups(*whole, 4, 4, 20, 5);
  const auto run = [&](Trainer& trainer, int steps) {
    for (int step = 0; step < steps; ++step) ASSERT_TRUE(trainer.GrpoStep(groups).ok());
  };
  run(*whole, 4);
  const std::filesystem::path folder = EmptyFolder("state");
  ASSERT_TRUE(whole->SaveState(folder).ok());
  const auto resumed = MakeTrainer(options, /*seed=*/77);
  const Status loaded = resumed->LoadState(folder);
  ASSERT_TRUE(loaded.ok()) << loaded.ToString();
  EXPECT_EQ(resumed->optimizer_steps(), 4);
  EXPECT_TRUE(SameBits(whole->masters(), resumed->masters()));
  run(*whole, 4);
  run(*resumed, 4);
  EXPECT_TRUE(SameBits(whole->masters(), resumed->masters()));
  EXPECT_EQ(whole->GrpoStep(groups)->kl_reference, resumed->GrpoStep(groups)->kl_reference);
}

TEST_P(TrainerOfType, TakesProximalLogprobsFromTheSamplerWhenItsWeightsWereTheSame) {
  // Computed in a pass of their own or taken as recorded: the same bits.
  TrainerOptions options = Options();
  options.minibatches = 3;
  const auto recorded = MakeTrainer(options), computed = MakeTrainer(options);
  std::vector<TrainGroup> groups = DrawGroups(*recorded, 6, 4, 20, 5);
  const Result<StepStats> a = recorded->GrpoStep(groups);
  for (TrainGroup& group : groups) {
    for (TrainSample& sample : group.samples) {
      sample.on_policy = false;
      for (float& logprob : sample.behaviour_logprobs) logprob -= 0.25f;  // stale: must not matter
    }
  }
  const Result<StepStats> b = computed->GrpoStep(groups);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->seconds_proximal, 0);
  EXPECT_GT(b->seconds_proximal, 0);
  EXPECT_NE(a->ratio_mean, 1.0);  // later minibatches have moved away
  EXPECT_EQ(a->ratio_mean, b->ratio_mean);
  EXPECT_TRUE(SameBits(recorded->masters(), computed->masters()));
}

TEST_P(TrainerOfType, DrivesTheLossOfDemonstrationsDown) {
  TrainerOptions options = Options();
  options.schedule = {.peak = 3e-3, .warmup_steps = 10};
  const auto trainer = MakeTrainer(options);
  Rng rng(3);
  double first = 0, last = 0;
  for (int step = 0; step < 150; ++step) {
    // Six symbols to repeat, then the end.
    std::vector<SftExample> examples(16);
    for (SftExample& example : examples) {
      for (int i = 0; i < 6; ++i) {
        example.prompt.push_back(static_cast<int32_t>(2 + rng.Below(8)));
      }
      example.completion = example.prompt;
      example.completion.push_back(1);
      example.prompt.push_back(39);
    }
    const Result<StepStats> stats = trainer->SftStep(examples);
    ASSERT_TRUE(stats.ok()) << stats.status().ToString();
    EXPECT_EQ(stats->tokens_trained, 16 * 7);
    (step == 0 ? first : last) = stats->loss;
  }
  EXPECT_NEAR(first, std::log(40.0), 1.0);  // random weights know nothing
  EXPECT_LT(last, 1.9);                     // the symbols' own entropy is 6/7 log 8 = 1.78
}

TEST(Trainer, GivesTheSameStepWhateverTheMicroBatches) {
  for (const Aggregation aggregation : {Aggregation::kTokenMean, Aggregation::kSequenceMean}) {
    TrainerOptions options = CharacterOptions();
    options.aggregation = aggregation;
    options.loss.kl_coefficient = 0.02;
    const auto whole = MakeTrainer(options);
    options.micro_batch_rows = 40;
    const auto split = MakeTrainer(options);
    const std::vector<TrainGroup> groups = DrawGroups(*whole, 6, 5, 20, 5);
    const MasterWeights before = whole->masters().Frozen();
    const Result<StepStats> a = whole->GrpoStep(groups), b = split->GrpoStep(groups);
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_EQ(a->micro_batches, 1);
    EXPECT_GT(b->micro_batches, 5);
    EXPECT_EQ(a->tokens_trained, b->tokens_trained);
    EXPECT_EQ(b->gap_nonzero, 0u);
    EXPECT_NEAR(a->loss, b->loss, 1e-6);
    // Sums of float32 gradients in another order.
    EXPECT_NEAR(a->grad_norm, b->grad_norm, 1e-5 * a->grad_norm);
    EXPECT_GT(RelativeDistance(whole->masters(), before), 1e-4);
  }
}

TEST(Trainer, NeverComputesSilentGroupsWithoutAKlTerm) {
  const auto with = MakeTrainer(CharacterOptions()), without = MakeTrainer(CharacterOptions());
  std::vector<TrainGroup> groups = DrawGroups(*with, 3, 4, 20, 5);
  std::vector<TrainGroup> spoken = groups;
  for (TrainSample& sample : groups[1].samples) sample.advantage = 0;
  spoken.erase(spoken.begin() + 1);
  const Result<StepStats> a = with->GrpoStep(groups), b = without->GrpoStep(spoken);
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->rows, b->rows);
  EXPECT_TRUE(SameBits(with->masters(), without->masters()));
}

TEST(Trainer, ChangesNothingInAStepWithoutSignal) {
  const auto trainer = MakeTrainer(CharacterOptions());
  std::vector<TrainGroup> groups = DrawGroups(*trainer, 2, 4, 20, 5);
  for (TrainGroup& group : groups) {
    for (TrainSample& sample : group.samples) sample.advantage = 0;
  }
  const MasterWeights before = trainer->masters().Frozen();
  const Result<StepStats> stats = trainer->GrpoStep(groups);
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(stats->optimizer_steps, 0);
  EXPECT_EQ(stats->tokens_trained, 0);
  EXPECT_EQ(trainer->optimizer_steps(), 0);
  EXPECT_TRUE(SameBits(trainer->masters(), before));
}

TEST(Trainer, ReportsMixedSamplesApart) {
  const auto trainer = MakeTrainer(CharacterOptions());
  std::vector<TrainGroup> groups = DrawGroups(*trainer, 2, 4, 20, 5);
  TrainSample& mixed = groups[0].samples[0];
  mixed.on_policy = false;
  mixed.mixed = true;
  mixed.behaviour_logprobs[0] += 0.125f;
  TrainSample& stale = groups[0].samples[1];
  stale.on_policy = false;
  stale.behaviour_logprobs[0] += 0.5f;
  const Result<StepStats> stats = trainer->GrpoStep(groups);
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(stats->mixed_tokens, mixed.tokens.size());
  EXPECT_NEAR(stats->mixed_gap_max, 0.125, 1e-6);
  EXPECT_EQ(stats->gap_tokens + mixed.tokens.size() + stale.tokens.size(),
            static_cast<size_t>(stats->tokens_trained));
  EXPECT_EQ(stats->gap_nonzero, 0u);
}

TEST(Trainer, RefreshesTheReferenceEveryNOptimizerSteps) {
  TrainerOptions options = CharacterOptions();
  options.loss.kl_coefficient = 0.01;
  options.reference_every = 2;
  const auto trainer = MakeTrainer(options);
  const std::vector<TrainGroup> groups = DrawGroups(*trainer, 4, 4, 20, 5);
  std::vector<double> kl;
  for (int step = 0; step < 4; ++step) kl.push_back(trainer->GrpoStep(groups)->kl_reference);
  EXPECT_EQ(kl[0], 0.0);  // the reference is the policy, to the bit
  EXPECT_GT(kl[1], 0.0);
  EXPECT_EQ(kl[2], 0.0);
  EXPECT_GT(kl[3], 0.0);
}

TEST(Trainer, RaisesWhatHadAPositiveAdvantage) {
  TrainerOptions options = CharacterOptions();
  options.ratio_base = RatioBase::kBehaviour;
  options.loss.clip_high = options.loss.clip_low = 1e6;
  const auto trainer = MakeTrainer(options);
  std::vector<TrainGroup> groups = DrawGroups(*trainer, 2, 4, 20, 5);
  for (TrainGroup& group : groups) {
    for (TrainSample& sample : group.samples) sample.advantage = 1;
  }
  const double before = trainer->GrpoStep(groups)->ratio_mean;
  EXPECT_EQ(before, 1.0);
  EXPECT_GT(trainer->GrpoStep(groups)->ratio_mean, 1.01);
}

TEST(Trainer, AppliesNothingOfAStepWhoseLossIsNotFinite) {
  const auto trainer = MakeTrainer(CharacterOptions());
  const std::vector<TrainGroup> groups = DrawGroups(*trainer, 2, 4, 20, 5);
  at::Tensor weight = trainer->masters().Get("model.norm.weight").detach();
  const at::Tensor kept = weight[3].clone();
  for (float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    weight[3].fill_(bad);
    const Result<StepStats> stats = trainer->GrpoStep(groups);
    EXPECT_EQ(stats.status().code(), StatusCode::kInternal);
    EXPECT_THAT(stats.status().message(), HasSubstr("not finite"));
  }
  weight[3].copy_(kept);
  EXPECT_EQ(trainer->optimizer_steps(), 0);
  const auto fresh = MakeTrainer(CharacterOptions());
  EXPECT_TRUE(SameBits(trainer->masters(), fresh->masters()));
  // No gradient of the failed step is left over.
  ASSERT_TRUE(trainer->GrpoStep(groups).ok());
  ASSERT_TRUE(fresh->GrpoStep(groups).ok());
  EXPECT_TRUE(SameBits(trainer->masters(), fresh->masters()));
}

TEST(Trainer, RefusesBadBatchesAndOptions) {
  const auto trainer = MakeTrainer(CharacterOptions());
  std::vector<TrainGroup> groups = DrawGroups(*trainer, 1, 2, 20, 5);
  groups[0].samples[1].tokens[0] = -1;
  EXPECT_EQ(trainer->GrpoStep(groups).status().code(), StatusCode::kInvalidArgument);
  const std::vector<SftExample> examples = {{{3}, {}}};
  EXPECT_EQ(trainer->SftStep(examples).status().code(), StatusCode::kInvalidArgument);
  TrainerOptions options = CharacterOptions();
  options.loss.dual_clip = 0.5;
  const SystemClock clock;
  const auto refused = Trainer::Create(options, MasterWeights::Random(CharacterModel(), 1), clock);
  EXPECT_THAT(refused.status().message(), HasSubstr("dual_clip"));
}

TEST(TrainerState, ShowsThePolicyThatWasPublishedAndKeepsTheMastersBesideIt) {
  for (DType dtype : {DType::kBFloat16, DType::kFloat32}) {
    const auto trainer = MakeTrainer(CharacterOptions(dtype));
    ASSERT_TRUE(trainer->GrpoStep(DrawGroups(*trainer, 2, 4, 20, 5)).ok());
    const std::filesystem::path folder = EmptyFolder(std::string(DTypeName(dtype)));
    ASSERT_TRUE(trainer->SaveState(folder).ok());

    const HfDirectory shown = *HfDirectory::Open(folder);
    const WeightsBuffer published = trainer->Publication();
    for (const TensorEntry& entry : published.manifest.tensors) {
      const TensorView view = *shown.Find(entry.name);
      EXPECT_EQ(view.dtype, dtype);
      EXPECT_TRUE(
          std::ranges::equal(view.bytes, published.bytes().subspan(entry.offset, entry.bytes)))
          << entry.name;
    }
    const Result<MasterWeights> masters = Trainer::LoadMasters(folder);
    ASSERT_TRUE(masters.ok()) << masters.status().ToString();
    EXPECT_TRUE(SameBits(*masters, trainer->masters()));
  }
}

TEST(TrainerState, ThatIsDamagedOrForeignChangesNothing) {
  TrainerOptions options = CharacterOptions();
  options.loss.kl_coefficient = 0.01;
  const auto saved = MakeTrainer(options, 1);
  const std::filesystem::path folder = EmptyFolder("state");
  ASSERT_TRUE(saved->SaveState(folder).ok());
  const auto trainer = MakeTrainer(options, 2);
  const MasterWeights before = trainer->masters().Frozen();

  const std::filesystem::path optimizer = folder / "training/optimizer.safetensors";
  std::filesystem::resize_file(optimizer, std::filesystem::file_size(optimizer) - 5);
  Status status = trainer->LoadState(folder);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("optimizer.safetensors"));

  ASSERT_TRUE(saved->SaveState(folder).ok());
  std::filesystem::remove(folder / "training/reference.safetensors");
  status = trainer->LoadState(folder);
  EXPECT_THAT(status.message(), HasSubstr("reference.safetensors"));

  ASSERT_TRUE(saved->SaveState(folder).ok());
  options.compute_type = DType::kBFloat16;
  const auto other_type = MakeTrainer(options, 2);
  EXPECT_THAT(other_type->LoadState(folder).message(), HasSubstr("expected BF16"));

  EXPECT_FALSE(trainer->LoadState(EmptyFolder("empty")).ok());
  EXPECT_TRUE(SameBits(trainer->masters(), before));
  EXPECT_TRUE(trainer->LoadState(folder).ok());
}

}  // namespace
}  // namespace cohort
