#include "actors/rollout_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "libs/model/head.h"
#include "libs/model/packed_batch.h"
#include "tests/actors/tiny_model.h"

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(RolloutEngine, ARolloutIsTheSameWhoeverSharesItsBatchAndInWhateverOrder) {
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    EngineUnderTest together(/*max_rows=*/64, dtype);
    together.engine.SetNewest(TinyPolicy(1, dtype));
    for (uint64_t cursor = 0; cursor < 12; ++cursor) together.engine.Admit(TinyPrompt(cursor));
    together.Finish();
    ASSERT_EQ(together.rollouts.size(), 48u);

    EngineUnderTest backwards(/*max_rows=*/7, dtype);  // groups in parts, rows that change hands
    backwards.engine.SetNewest(TinyPolicy(1, dtype));
    for (uint64_t cursor = 12; cursor-- > 0;) {
      backwards.engine.Admit(TinyPrompt(cursor));
      backwards.Step();
    }
    backwards.Finish();
    EXPECT_EQ(together.rollouts, backwards.rollouts);

    for (const auto& [id, rollout] : together.rollouts) {
      EngineUnderTest alone(/*max_rows=*/1, dtype);
      alone.engine.SetNewest(TinyPolicy(1, dtype));
      Prompt prompt = rollout.prompt;
      std::vector<uint32_t> others;
      for (uint32_t sample = 0; sample < prompt.group_size; ++sample) {
        if (sample != rollout.sample) others.push_back(sample);
      }
      alone.engine.Admit(prompt, others);
      alone.Finish();
      ASSERT_EQ(alone.rollouts.size(), 1u);
      EXPECT_EQ(alone.rollouts.begin()->second, rollout);
    }
  }
}

TEST(RolloutEngine, RecordsTheLogProbabilitiesThatTheLearnerComputesToTheBit) {
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    EngineUnderTest actor(/*max_rows=*/5, dtype);
    const Policy policy = TinyPolicy(1, dtype);
    actor.engine.SetNewest(policy);
    for (uint64_t cursor = 0; cursor < 6; ++cursor) {
      Prompt prompt = TinyPrompt(cursor);
      prompt.sampling.temperature = 0.8;
      actor.engine.Admit(prompt);
    }
    actor.Finish();
    for (const auto& [id, rollout] : actor.rollouts) {
      const auto& prompt = rollout.prompt.tokens;
      PackedBatch batch;
      const int64_t prefix = batch.Add(prompt);
      batch.Add(rollout.tokens, prefix);
      const at::Tensor hidden = *TinyDecoder(dtype)->Forward(*policy.weights, batch);
      const auto first = static_cast<int64_t>(prompt.size()) - 1;
      const auto length = static_cast<int64_t>(rollout.tokens.size());
      const std::vector<int64_t> ids(rollout.tokens.begin(), rollout.tokens.end());
      const at::Tensor logprobs =
          SelectedLogprobs(*policy.weights, hidden.narrow(/*dim=*/0, first, length),
                           at::tensor(ids), /*temperature=*/0.8, /*with_entropy=*/false)
              .logprobs;
      const float* learner = logprobs.const_data_ptr<float>();
      for (int64_t t = 0; t < length; ++t) {
        EXPECT_EQ(learner[t], rollout.logprobs[static_cast<size_t>(t)]) << id.ToString() << t;
      }
    }
  }
}

TEST(RolloutEngine, TakesNewWeightsInTheMiddleAndStampsEveryToken) {
  EngineUnderTest actor(/*max_rows=*/8);
  actor.engine.SetNewest(TinyPolicy(1));
  Prompt prompt = TinyPrompt(1, /*group_size=*/8);
  prompt.sampling.stop_tokens = {39};
  actor.engine.Admit(prompt);
  for (int step = 0; step < 4; ++step) actor.Step();  // 5 tokens of version 1
  actor.engine.SetNewest(TinyPolicy(2));
  actor.Step();
  actor.engine.SetNewest(TinyPolicy(5));
  actor.Finish();
  ASSERT_EQ(actor.rollouts.size(), 8u);
  EngineUnderTest unchanged(/*max_rows=*/8);
  unchanged.engine.SetNewest(TinyPolicy(1));
  unchanged.engine.Admit(prompt);
  unchanged.Finish();
  for (const auto& [id, rollout] : actor.rollouts) {
    const auto length = static_cast<uint32_t>(rollout.tokens.size());
    if (length > 6) {
      EXPECT_THAT(rollout.versions,
                  ElementsAre(VersionRun{1, 5}, VersionRun{2, 1}, VersionRun{5, length - 6}));
    }
    uint32_t stamped = 0;
    for (const VersionRun& run : rollout.versions) stamped += run.tokens;
    EXPECT_EQ(stamped, length);
    // What was drawn before the change is as if there had been none.
    const Rollout& before = unchanged.rollouts.at(id);
    for (size_t t = 0; t < std::min<size_t>(5, length); ++t) {
      EXPECT_EQ(rollout.tokens[t], before.tokens[t]);
      EXPECT_EQ(rollout.logprobs[t], before.logprobs[t]);
    }
  }
}

TEST(RolloutEngine, ASampleThatStartsAfterAChangeOfWeightsIsWhollyOfTheNewOnes) {
  EngineUnderTest actor(/*max_rows=*/2);
  actor.engine.SetNewest(TinyPolicy(1));
  const Prompt prompt = TinyPrompt(3, /*group_size=*/6);
  actor.engine.Admit(prompt);
  actor.Step();
  actor.engine.SetNewest(TinyPolicy(2));
  actor.Finish();
  EngineUnderTest fresh(/*max_rows=*/64);
  fresh.engine.SetNewest(TinyPolicy(2));
  fresh.engine.Admit(prompt);
  fresh.Finish();
  for (uint32_t sample = 2; sample < 6; ++sample) {
    const TaskId id = prompt.id.Sample(sample);
    EXPECT_EQ(actor.rollouts.at(id), fresh.rollouts.at(id));
  }
}

TEST(RolloutEngine, APromptWaitsForItsWeights) {
  EngineUnderTest actor(/*max_rows=*/8);
  Prompt prompt = TinyPrompt(1);
  prompt.min_version = 3;
  actor.engine.Admit(prompt);
  EXPECT_FALSE(actor.engine.CanStep());
  actor.engine.SetNewest(TinyPolicy(2));
  EXPECT_FALSE(actor.engine.CanStep());
  const auto waiting = actor.engine.Waiting();
  ASSERT_EQ(waiting.size(), 1u);
  EXPECT_EQ(waiting[0].id, prompt.id);
  EXPECT_EQ(waiting[0].version, 3u);
  EXPECT_FALSE(waiting[0].exact);
  actor.engine.Admit(TinyPrompt(2));  // others are not held up
  EXPECT_TRUE(actor.engine.CanStep());
  actor.Finish();
  EXPECT_EQ(actor.rollouts.size(), 4u);
  actor.engine.SetNewest(TinyPolicy(4));
  EXPECT_TRUE(actor.engine.Waiting().empty());
  actor.Finish();
  EXPECT_EQ(actor.rollouts.size(), 8u);
  EXPECT_EQ(actor.rollouts.at(prompt.id.Sample(0)).versions.front().version, 4u);
}

TEST(RolloutEngine, AnEvaluationUsesExactlyOneVersionWhateverIsPublishedMeanwhile) {
  Prompt evaluation = TinyPrompt(1, /*group_size=*/6);
  evaluation.purpose = Purpose::kEval;
  evaluation.id.space = EvaluationSpace(2);
  evaluation.exact_version = 2;
  EngineUnderTest undisturbed(/*max_rows=*/64);
  undisturbed.engine.SetEvaluation(TinyPolicy(2));
  undisturbed.engine.Admit(evaluation);
  undisturbed.Finish();
  ASSERT_EQ(undisturbed.rollouts.size(), 6u);

  EngineUnderTest actor(/*max_rows=*/4);
  actor.engine.SetNewest(TinyPolicy(3));
  actor.engine.Admit(evaluation);
  actor.engine.Admit(TinyPrompt(2));
  actor.Step();  // the evaluation waits, training does not
  EXPECT_EQ(actor.engine.Waiting().size(), 1u);
  actor.engine.SetEvaluation(TinyPolicy(2));
  actor.Step();
  actor.engine.SetNewest(TinyPolicy(4));
  actor.engine.SetEvaluation(TinyPolicy(4));  // its snapshot is kept to its end
  actor.Finish();
  ASSERT_EQ(actor.rollouts.size(), 10u);
  for (const auto& [id, rollout] : undisturbed.rollouts) {
    EXPECT_EQ(actor.rollouts.at(id), rollout);
    EXPECT_EQ(rollout.versions.size(), 1u);
  }
}

TEST(RolloutEngine, AnEvaluationOfAVersionThatIsGoneWaitsInVainAndIsNamed) {
  EngineUnderTest actor(/*max_rows=*/4);
  actor.engine.SetNewest(TinyPolicy(4));
  actor.engine.SetEvaluation(TinyPolicy(4));
  Prompt evaluation = TinyPrompt(1);
  evaluation.exact_version = 2;
  actor.engine.Admit(evaluation);
  ASSERT_EQ(actor.engine.Waiting().size(), 1u);
  EXPECT_TRUE(actor.engine.Waiting()[0].lost);
}

TEST(RolloutEngine, StopsAtStopTokensAndLimits) {
  EngineUnderTest actor(/*max_rows=*/64);
  actor.engine.SetNewest(TinyPolicy(1));
  for (uint64_t cursor = 0; cursor < 20; ++cursor) actor.engine.Admit(TinyPrompt(cursor, 8));
  actor.Finish();
  int stopped = 0, truncated = 0;
  for (const auto& [id, rollout] : actor.rollouts) {
    ASSERT_EQ(rollout.logprobs.size(), rollout.tokens.size());
    for (size_t t = 0; t + 1 < rollout.tokens.size(); ++t) EXPECT_GT(rollout.tokens[t], 1);
    if (rollout.finish == FinishReason::kStop) {
      ++stopped;
      EXPECT_LE(rollout.tokens.back(), 1);
    } else {
      ++truncated;
      EXPECT_EQ(rollout.tokens.size(), 24u);
    }
  }
  EXPECT_GT(stopped, 10);
  EXPECT_GT(truncated, 10);
}

TEST(RolloutEngine, EndsAtTheModelsContext) {
  EngineUnderTest actor(/*max_rows=*/4);
  actor.engine.SetNewest(TinyPolicy(1));
  Prompt prompt = TinyPrompt(1, /*group_size=*/3);
  prompt.tokens.assign(90, 5);
  prompt.sampling.stop_tokens = {39};
  actor.engine.Admit(prompt);
  actor.Finish();
  for (const auto& [id, rollout] : actor.rollouts) {
    if (rollout.finish == FinishReason::kLength) {
      EXPECT_EQ(rollout.tokens.size(), 6u);  // 96 - 90
    }
  }
  prompt.tokens.assign(96, 5);
  const Status tooLong = actor.engine.Check(prompt);
  EXPECT_EQ(tooLong.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(tooLong.message(), HasSubstr("96 tokens and the model's context is 96"));
  prompt.tokens = {40};
  EXPECT_THAT(actor.engine.Check(prompt).message(), HasSubstr("token 40"));
}

TEST(RolloutEngine, DrawsOnlyTheSamplesThatAreMissing) {
  EngineUnderTest actor(/*max_rows=*/8);
  actor.engine.SetNewest(TinyPolicy(1));
  Prompt prompt = TinyPrompt(1, /*group_size=*/6);
  prompt.have = {0, 3};
  EXPECT_TRUE(actor.engine.Admit(prompt, {5}));
  actor.Finish();
  ASSERT_EQ(actor.rollouts.size(), 3u);
  for (const uint32_t sample : {1u, 2u, 4u}) {
    EXPECT_TRUE(actor.rollouts.contains(prompt.id.Sample(sample)));
  }
  EXPECT_FALSE(actor.engine.Admit(prompt, {1, 2, 4, 5}));
  EXPECT_EQ(actor.engine.prompts(), 0);
}

TEST(RolloutEngine, SaysWhenAPromptStartsAndWhenItIsComplete) {
  EngineUnderTest actor(/*max_rows=*/3);
  actor.engine.SetNewest(TinyPolicy(1));
  std::map<TaskId, int> started, completed, finished;
  for (uint64_t cursor = 0; cursor < 4; ++cursor) actor.engine.Admit(TinyPrompt(cursor));
  while (actor.engine.CanStep()) {
    const StepReport report = actor.Step();
    EXPECT_LE(actor.engine.rows(), 3);
    for (const TaskId& id : report.started) ++started[id];
    for (const Rollout& rollout : report.finished) ++finished[rollout.prompt.id];
    for (const TaskId& id : report.completed) {
      ++completed[id];
      EXPECT_EQ(finished[id], 4);
    }
  }
  for (uint64_t cursor = 0; cursor < 4; ++cursor) {
    EXPECT_EQ(started[TinyPrompt(cursor).id], 1);
    EXPECT_EQ(completed[TinyPrompt(cursor).id], 1);
  }
}

TEST(RolloutEngine, ForgetsADroppedPromptAndGoesOnWithTheOthers) {
  EngineUnderTest actor(/*max_rows=*/6);
  actor.engine.SetNewest(TinyPolicy(1));
  actor.engine.Admit(TinyPrompt(1));
  actor.engine.Admit(TinyPrompt(2));
  actor.Step();
  actor.engine.Drop(TinyPrompt(1).id);
  actor.Finish();
  for (const auto& [id, rollout] : actor.rollouts) {
    if (id.cursor != 1) continue;
    EXPECT_LE(rollout.tokens.size(), 2u);  // finished in the first step
  }
  EXPECT_TRUE(actor.rollouts.contains(TinyPrompt(2).id.Sample(3)));
  EXPECT_EQ(actor.engine.rows(), 0);
}

TEST(RolloutEngine, BrokenWeightsAreNamedInOneLine) {
  EngineUnderTest actor(/*max_rows=*/2);
  MasterWeights masters = MasterWeights::Random(TinyConfig(), 1);
  masters.Get("model.norm.weight").detach().fill_(std::numeric_limits<float>::quiet_NaN());
  actor.engine.SetNewest({9, MakeComputeWeights(masters, DType::kFloat32, Gradients::kNone)});
  actor.engine.Admit(TinyPrompt(1));
  const Result<StepReport> report = actor.engine.Step();
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.status().message(), HasSubstr("version 9"));
}

}  // namespace
}  // namespace cohort
