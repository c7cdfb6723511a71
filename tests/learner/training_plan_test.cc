#include "learner/training_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TrainSample Sample(std::vector<int32_t> tokens, float advantage, bool in_loss = true) {
  TrainSample sample;
  sample.behaviour_logprobs.assign(tokens.size(), -1.0f);
  sample.tokens = std::move(tokens);
  sample.advantage = advantage;
  sample.in_loss = in_loss;
  return sample;
}

ModelConfig Config() {
  ModelConfig config;
  config.vocab_size = 32;
  config.max_positions = 16;
  return config;
}

TEST(TrainingPlan, PredictsTheFirstTokenFromThePromptAndReadsNoLastOne) {
  const std::vector<TrainGroup> groups = {{{5, 6}, {Sample({7, 8, 9}, 1), Sample({1}, -1)}}};
  const std::vector<Minibatch> plan = PlanGrpoStep(groups, false, 1, 100);
  ASSERT_THAT(plan, SizeIs(1));
  ASSERT_THAT(plan[0].micro_batches, SizeIs(1));
  const TrainingMicroBatch& batch = plan[0].micro_batches[0];
  EXPECT_THAT(batch.batch.tokens, ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(batch.rows, ElementsAre(1, 2, 3, 1));
  EXPECT_THAT(batch.targets, ElementsAre(7, 8, 9, 1));
  EXPECT_THAT(batch.lengths, ElementsAre(3, 1));
  EXPECT_THAT(batch.completions, ElementsAre(CompletionRef{0, 0}, CompletionRef{0, 1}));
  EXPECT_THAT(batch.batch.segments, SizeIs(2));  // one token needs no segment
  EXPECT_EQ(batch.batch.segments[1].prefix, 0);
}

TEST(TrainingPlan, LeavesMaskedSamplesAndSilentGroupsOutOfRowsAndDenominators) {
  const std::vector<TrainGroup> groups = {
      {{5}, {Sample({7, 8}, 1), Sample({7, 8, 9}, 3, /*in_loss=*/false), Sample({7}, -1)}},
      {{5}, {Sample({7, 8}, 0), Sample({9}, 0)}},
      {{5}, {Sample({7}, 2, /*in_loss=*/false)}},
  };
  const std::vector<Minibatch> plan = PlanGrpoStep(groups, false, 1, 100);
  ASSERT_THAT(plan, SizeIs(1));
  EXPECT_EQ(plan[0].denominators.tokens, 3);
  EXPECT_EQ(plan[0].denominators.sequences, 2);
  EXPECT_EQ(plan[0].groups, 1);
  EXPECT_THAT(plan[0].micro_batches[0].completions,
              ElementsAre(CompletionRef{0, 0}, CompletionRef{0, 2}));
}

TEST(TrainingPlan, KeepsSilentGroupsForAKlTerm) {
  const std::vector<TrainGroup> groups = {
      {{5}, {Sample({7, 8}, 1), Sample({7}, -1)}},
      {{5}, {Sample({7, 8}, 0), Sample({9}, 0), Sample({9}, 0, /*in_loss=*/false)}},
  };
  const std::vector<Minibatch> plan = PlanGrpoStep(groups, true, 1, 100);
  EXPECT_EQ(plan[0].denominators.tokens, 6);
  EXPECT_EQ(plan[0].denominators.sequences, 4);
}

TEST(TrainingPlan, IsEmptyWhenNothingHasASignal) {
  const std::vector<TrainGroup> groups = {{{5}, {Sample({7, 8}, 0)}}, {{}, {}}};
  EXPECT_THAT(PlanGrpoStep(groups, false, 2, 100), IsEmpty());
  EXPECT_THAT(PlanGrpoStep({}, true, 2, 100), IsEmpty());
}

TEST(TrainingPlan, DealsWholeGroupsInOrderToMinibatches) {
  std::vector<TrainGroup> groups(5, {{5}, {Sample({7, 8}, 1)}});
  const std::vector<Minibatch> plan = PlanGrpoStep(groups, false, 2, 100);
  ASSERT_THAT(plan, SizeIs(2));
  EXPECT_EQ(plan[0].groups, 2);
  EXPECT_EQ(plan[1].groups, 3);
  EXPECT_EQ(plan[1].micro_batches[0].completions[0], (CompletionRef{2, 0}));
  EXPECT_EQ(plan[1].denominators.tokens, 6);
  EXPECT_THAT(PlanGrpoStep(groups, false, 16, 100), SizeIs(5));
}

TEST(TrainingPlan, DenominatorsSpanAllMicroBatches) {
  const std::vector<TrainGroup> groups(4, {{5, 6, 7}, {Sample({7, 8, 9}, 1), Sample({7}, -1)}});
  const std::vector<Minibatch> whole = PlanGrpoStep(groups, false, 1, 100);
  const std::vector<Minibatch> split = PlanGrpoStep(groups, false, 1, 5);
  EXPECT_THAT(whole[0].micro_batches, SizeIs(1));
  EXPECT_THAT(split[0].micro_batches, SizeIs(4));
  EXPECT_EQ(whole[0].denominators.tokens, 16);
  EXPECT_EQ(split[0].denominators.tokens, 16);
}

TEST(TrainingPlan, PutsADemonstrationIntoOneSegment) {
  const std::vector<SftExample> examples = {{{5, 6}, {7, 8, 1}}, {{9}, {1}}};
  const Minibatch plan = PlanSftStep(examples, 100);
  ASSERT_THAT(plan.micro_batches, SizeIs(1));
  const TrainingMicroBatch& batch = plan.micro_batches[0];
  EXPECT_THAT(batch.batch.tokens, ElementsAre(5, 6, 7, 8, 9));
  EXPECT_THAT(batch.batch.segments, SizeIs(2));
  EXPECT_THAT(batch.rows, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(batch.targets, ElementsAre(7, 8, 1, 1));
  EXPECT_EQ(plan.denominators.tokens, 4);
  EXPECT_EQ(plan.denominators.sequences, 2);
}

TEST(TrainingPlan, ChecksNameTheGroupAndTheSample) {
  std::vector<TrainGroup> groups(2, {{5}, {Sample({7, 8}, 1), Sample({9}, 1)}});
  ASSERT_TRUE(CheckTrainGroups(groups, Config()).ok());
  const auto expect_refusal = [&](const std::string& text) {
    const Status status = CheckTrainGroups(groups, Config());
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr(text));
    groups[1] = groups[0];
  };
  groups[1].samples[0].tokens[1] = 32;
  expect_refusal("group 1, sample 0: token 32 at place 1");
  groups[1].samples[1].behaviour_logprobs.clear();
  expect_refusal("group 1, sample 1: 0 log-probabilities for 1 tokens");
  groups[1].samples[1].behaviour_logprobs[0] = std::numeric_limits<float>::quiet_NaN();
  expect_refusal("group 1, sample 1: a log-probability is not a finite number");
  groups[1].samples[0] = Sample(std::vector<int32_t>(17, 3), 1);
  expect_refusal("18 tokens, the context holds 16");
  groups[1].prompt.clear();
  expect_refusal("group 1: the prompt has no tokens");
}

TEST(TrainingPlan, ChecksNothingOfWhatIsNotComputed) {
  std::vector<TrainGroup> groups = {{{}, {Sample({99}, 1, /*in_loss=*/false), Sample({}, 1)}}};
  EXPECT_TRUE(CheckTrainGroups(groups, Config()).ok());
  EXPECT_THAT(PlanGrpoStep(groups, true, 1, 100), IsEmpty());
}

TEST(TrainingPlan, AllowsALastTokenJustPastTheContext) {
  const std::vector<TrainGroup> groups = {{{5}, {Sample(std::vector<int32_t>(16, 3), 1)}}};
  EXPECT_TRUE(CheckTrainGroups(groups, Config()).ok());  // 16 rows are read
}

}  // namespace
}  // namespace cohort
