// The actor between a broker and a learner that are played by the test.
#include "actors/actor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "libs/messaging/testing/fake_broker_client.h"
#include "libs/protocol/codec.h"
#include "tests/actors/tiny_model.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

// Gives what it is told to, remembers what it is answered. Never waits.
class FakeWeights : public WeightsSubscriber {
 public:
  void Connect(const std::string& endpoint) override { connected = endpoint; }
  std::optional<LoadedWeights> Take(Duration) override {
    if (given.empty()) return std::nullopt;
    std::optional<LoadedWeights> weights(std::move(given.front()));
    given.pop_front();
    return weights;
  }
  void Acknowledge(uint64_t version, const Digest& digest) override {
    acknowledged.emplace_back(version, digest);
  }
  void Fail(uint64_t version, const std::string& reason) override {
    failed.emplace_back(version, reason);
  }
  std::string State() const override { return "played by the test"; }
  SubscriberCounters Counters() const override { return {}; }

  void Give(uint64_t version, bool newest = true, bool for_evaluation = false) {
    LoadedWeights weights;
    weights.version = version;
    weights.weights = std::make_shared<const WeightsBuffer>(
        MasterWeights::Random(TinyConfig(), version).ToBuffer(DType::kFloat32));
    weights.digest = DigestOfWeights(*weights.weights);
    weights.newest = newest;
    weights.for_evaluation = for_evaluation;
    given.push_back(std::move(weights));
  }

  std::string connected;
  std::deque<LoadedWeights> given;
  std::vector<std::pair<uint64_t, Digest>> acknowledged;
  std::vector<std::pair<uint64_t, std::string>> failed;
};

using Fake = FakeBrokerClient;

// One whose samples never stop before their limit.
Prompt EndlessPrompt(uint64_t cursor) {
  Prompt prompt = TinyPrompt(cursor);
  prompt.sampling.stop_tokens = {1000};  // the vocabulary has 40
  return prompt;
}

class ActorTest : public ::testing::Test {
 protected:
  ActorTest() {
    config_.actor.max_rows = 8;
    config_.actor.prefetch = 1;
    config_.routes.resize(1);
    config_.routes[0].group_size = 4;
    actor_ = std::make_unique<Actor>(Actor::Parts{.config = &config_,
                                                  .model = &model_,
                                                  .broker = &broker_,
                                                  .weights = &weights_,
                                                  .engine = &engine_,
                                                  .metrics = &actor_metrics_,
                                                  .health = &health_,
                                                  .clock = &clock_});
  }

  void Round() {
    const Status status = actor_->RunOnce(Duration(0));
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  void RunUntilIdle() {
    do {
      ASSERT_NO_FATAL_FAILURE(Round());
    } while (engine_.CanStep());
  }
  Delivery Give(const Prompt& prompt) {
    return broker_.Deliver(PromptQueue(prompt.route), prompt.id, Encode(prompt));
  }
  // All samples that were emitted or settled, by id.
  std::map<TaskId, Rollout> Rollouts() {
    std::map<TaskId, Rollout> rollouts;
    const auto add = [&](const std::vector<NewTask>& children) {
      for (const NewTask& child : children) {
        const Result<Rollout> rollout = DecodeRollout(child.body);
        ASSERT_TRUE(rollout.ok()) << rollout.status().ToString();
        EXPECT_EQ(child.queue, "rollouts.main");
        EXPECT_EQ(child.id, rollout->id());
        EXPECT_EQ(child.results, "scored.main");
        EXPECT_EQ(child.obituaries, "scored.main");
        EXPECT_EQ(child.children, 1u);
        EXPECT_TRUE(rollouts.emplace(child.id, *rollout).second) << "twice";
      }
    };
    for (const auto& call : broker_.Calls<Fake::EmitCall>()) add(call.children);
    for (const auto& call : broker_.Calls<Fake::SettleCall>()) add(call.children);
    return rollouts;
  }

  ManualClock clock_;
  Config config_;
  const ModelConfig model_ = TinyConfig();
  Fake broker_;
  FakeWeights weights_;
  RolloutEngine engine_{TinyDecoder(),
                        {.max_rows = 8, .drawable = 0, .instance = "actor-1", .clock = &clock_}};
  Metrics metrics_;
  ActorMetrics actor_metrics_{&metrics_};
  Health health_;
  std::unique_ptr<Actor> actor_;
};

TEST_F(ActorTest, AsksForNothingBeforeItHasWeightsAndThenForWhatItHasRoomFor) {
  Round();
  auto subscribed = broker_.Calls<Fake::SubscribeCall>();
  ASSERT_EQ(subscribed.size(), 1u);
  EXPECT_EQ(subscribed[0].queue, "prompts.main");
  for (const auto& grant : broker_.Calls<Fake::GrantCall>()) EXPECT_EQ(grant.tasks, 0u);
  weights_.Give(1);
  Round();
  const auto grants = broker_.Calls<Fake::GrantCall>();
  ASSERT_FALSE(grants.empty());
  EXPECT_EQ(grants.back().queue, "prompts.main");
  EXPECT_EQ(grants.back().tasks, 3u);  // two groups of four in eight rows, and one ahead
  ASSERT_EQ(weights_.acknowledged.size(), 1u);
  EXPECT_EQ(weights_.acknowledged[0].first, 1u);
}

TEST_F(ActorTest, AsksForNoMoreThanItHasRoomForWhileItIsBusy) {
  weights_.Give(1);
  for (uint64_t cursor = 0; cursor < 3; ++cursor) {
    Give(EndlessPrompt(cursor));
  }
  Round();
  EXPECT_EQ(engine_.rows() + engine_.pending_samples(), 12);
  EXPECT_EQ(broker_.Calls<Fake::GrantCall>().back().tasks, 0u);
  RunUntilIdle();
  EXPECT_EQ(broker_.Calls<Fake::GrantCall>().back().tasks, 3u);
}

TEST_F(ActorTest, EmitsEverySampleAsItFinishesAndSettlesWithTheLast) {
  weights_.Give(1);
  const Prompt prompt = TinyPrompt(1);
  const Delivery delivery = Give(prompt);
  RunUntilIdle();
  const auto begun = broker_.Calls<Fake::BeginCall>();
  ASSERT_EQ(begun.size(), 1u);
  EXPECT_EQ(begun[0].token, delivery.token);
  EXPECT_EQ(broker_.Calls<Fake::EmitCall>().size(), 3u);
  const auto settled = broker_.Calls<Fake::SettleCall>();
  ASSERT_EQ(settled.size(), 1u);
  EXPECT_EQ(settled[0].token, delivery.token);
  EXPECT_EQ(settled[0].children.size(), 1u);
  const auto rollouts = Rollouts();
  ASSERT_EQ(rollouts.size(), 4u);
  for (const auto& [id, rollout] : rollouts) {
    EXPECT_EQ(rollout.prompt, prompt);
    EXPECT_EQ(rollout.actor, "actor-1");
    EXPECT_EQ(rollout.versions.front().version, 1u);
  }
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, HasSubstr("cohort_policy_version 1"));
  EXPECT_THAT(text, HasSubstr("cohort_actor_prompts_total{end=\"settled\"} 1"));
}

TEST_F(ActorTest, ARedeliveredPromptsSamplesThatExistAreNotDrawnAgain) {
  weights_.Give(1);
  const Prompt prompt = TinyPrompt(1);
  Delivery delivery;
  delivery.queue = "prompts.main";
  delivery.id = prompt.id;
  delivery.token = {1, 900, 2};
  delivery.redelivered = true;
  delivery.emitted = {prompt.id.Sample(0), prompt.id.Sample(2)};
  delivery.body = Encode(prompt);
  broker_.Give(delivery);
  RunUntilIdle();
  const auto rollouts = Rollouts();
  EXPECT_EQ(rollouts.size(), 2u);
  EXPECT_TRUE(rollouts.contains(prompt.id.Sample(1)));
  EXPECT_TRUE(rollouts.contains(prompt.id.Sample(3)));

  broker_.TakeCalls();
  for (uint32_t sample : {1u, 3u}) delivery.emitted.push_back(prompt.id.Sample(sample));
  delivery.token.lease = 901;
  broker_.Give(delivery);
  Round();
  const auto settled = broker_.Calls<Fake::SettleCall>();
  ASSERT_EQ(settled.size(), 1u);  // nothing is missing: settled as it is
  EXPECT_TRUE(settled[0].children.empty());
}

TEST_F(ActorTest, APromptThatWaitsForWeightsShowsInTheStatus) {
  weights_.Give(1);
  Prompt prompt = TinyPrompt(1);
  prompt.min_version = 2;
  Give(prompt);
  Round();
  clock_.Advance(Seconds(5));
  Round();
  EXPECT_TRUE(broker_.Calls<Fake::BeginCall>().empty());
  const StatusReport report = actor_->Report();
  ASSERT_EQ(report.waiting.size(), 1u);
  EXPECT_EQ(report.waiting[0].for_what, "weights of version 2 or newer");
  EXPECT_EQ(report.waiting[0].id, prompt.id.ToString());
  EXPECT_NEAR(report.waiting[0].since_seconds, 5, 1e-9);
  weights_.Give(2);
  RunUntilIdle();
  EXPECT_EQ(Rollouts().size(), 4u);
}

TEST_F(ActorTest, APromptLongerThanTheContextFailsInOneLine) {
  weights_.Give(1);
  Prompt prompt = TinyPrompt(1);
  prompt.tokens.assign(200, 3);
  const Delivery delivery = Give(prompt);
  Round();
  const auto failed = broker_.Calls<Fake::FailCall>();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].token, delivery.token);
  EXPECT_THAT(failed[0].reason, HasSubstr("200 tokens and the model's context is 96"));
  EXPECT_EQ(failed[0].reason.find('\n'), std::string::npos);
}

TEST_F(ActorTest, BodiesThatAreNoPromptsFailAndHarmNothing) {
  weights_.Give(1);
  const Prompt prompt = TinyPrompt(1);
  broker_.Deliver("prompts.main", prompt.id, "garbage");
  broker_.Deliver("prompts.main", TinyPrompt(9).id, Encode(prompt));  // under another id
  Round();
  EXPECT_EQ(broker_.Calls<Fake::FailCall>().size(), 2u);
  Give(prompt);
  RunUntilIdle();
  EXPECT_EQ(Rollouts().size(), 4u);
}

TEST_F(ActorTest, ALostLeaseDropsItsGroup) {
  weights_.Give(1);
  const Prompt prompt = EndlessPrompt(1);
  const Delivery delivery = Give(prompt);
  Round();
  EXPECT_EQ(engine_.prompts(), 1);
  broker_.Give(LeaseLost{prompt.id, "prompts.main", {9, 9, 9}, "another lease"});
  Round();
  EXPECT_EQ(engine_.prompts(), 1);
  broker_.Give(LeaseLost{prompt.id, "prompts.main", delivery.token, "cancelled"});
  Round();
  EXPECT_EQ(engine_.prompts(), 0);
  EXPECT_TRUE(broker_.Calls<Fake::SettleCall>().empty());
}

TEST_F(ActorTest, ABrokerThatLostItsMemoryMakesItDropEverythingInHand) {
  weights_.Give(1);
  const Prompt prompt = EndlessPrompt(1);
  Give(prompt);
  Round();
  broker_.Give(SessionStarted{2, /*fresh=*/true, "ipc:///tmp/weights"});
  Round();
  EXPECT_EQ(engine_.prompts(), 0);
  EXPECT_EQ(weights_.connected, "ipc:///tmp/weights");
  EXPECT_TRUE(broker_.Calls<Fake::ReleaseCall>().empty());
  Give(prompt);  // put again
  RunUntilIdle();
  EXPECT_EQ(broker_.Calls<Fake::SettleCall>().size(), 1u);
}

TEST_F(ActorTest, SamplesThatTheBrokerDoesNotKnowEndTheirGroup) {
  weights_.Give(1);
  broker_.HoldAnswers(true);
  Give(TinyPrompt(0));
  while (broker_.Calls<Fake::EmitCall>().empty()) ASSERT_NO_FATAL_FAILURE(Round());
  ASSERT_EQ(engine_.prompts(), 1);
  broker_.Give(Answer{broker_.Calls<Fake::EmitCall>()[0].tag, NotFound("unknown"), false});
  Round();
  EXPECT_EQ(engine_.prompts(), 0);
}

TEST_F(ActorTest, AnEvaluationUsesTheSnapshotKeptForIt) {
  weights_.Give(3, /*newest=*/true, /*for_evaluation=*/true);
  weights_.Give(4);
  Round();
  Round();
  Prompt prompt = TinyPrompt(1);
  prompt.id.space = EvaluationSpace(3);
  prompt.purpose = Purpose::kEval;
  prompt.exact_version = 3;
  Give(prompt);
  RunUntilIdle();
  const auto rollouts = Rollouts();
  ASSERT_EQ(rollouts.size(), 4u);
  for (const auto& [id, rollout] : rollouts) {
    ASSERT_EQ(rollout.versions.size(), 1u);
    EXPECT_EQ(rollout.versions[0].version, 3u);
  }
  prompt.id.space = EvaluationSpace(2);
  prompt.exact_version = 2;
  Give(prompt);
  Round();
  const auto failed = broker_.Calls<Fake::FailCall>();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_THAT(failed[0].reason, HasSubstr("exactly version 2"));
}

TEST_F(ActorTest, WeightsThatDoNotFitAreReportedToTheLearner) {
  weights_.Give(1);
  auto other = std::make_shared<WeightsBuffer>(*weights_.given.front().weights);
  other->manifest.tensors.pop_back();
  weights_.given.front().weights = other;
  Round();
  EXPECT_TRUE(weights_.acknowledged.empty());
  ASSERT_EQ(weights_.failed.size(), 1u);
  EXPECT_EQ(weights_.failed[0].first, 1u);
}

TEST_F(ActorTest, DrainingHandsBackWhatItHoldsAndAsksForNothing) {
  weights_.Give(1);
  std::vector<LeaseToken> tokens;
  for (uint64_t cursor = 0; cursor < 3; ++cursor) {
    tokens.push_back(Give(EndlessPrompt(cursor)).token);
  }
  Round();
  actor_->Drain();
  std::vector<LeaseToken> released;
  for (const auto& call : broker_.Calls<Fake::ReleaseCall>()) released.push_back(call.token);
  EXPECT_THAT(released, ::testing::UnorderedElementsAreArray(tokens));
  EXPECT_EQ(broker_.Calls<Fake::GrantCall>().back().tasks, 0u);
  EXPECT_EQ(engine_.prompts(), 0);
  EXPECT_EQ(actor_->Report().state, "draining");
}

TEST_F(ActorTest, ABrokerThatRefusesUsEndsTheProcess) {
  broker_.Give(SessionRefused{PermissionDenied("protocol 2 is not spoken here")});
  const Status status = actor_->RunOnce(Duration(0));
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
}

TEST_F(ActorTest, IsReadyOnceItHasABrokerAndWeights) {
  Round();
  EXPECT_FALSE(health_.ready());
  EXPECT_THAT(health_.why(), HasSubstr("no weights yet"));
  weights_.Give(1);
  Round();
  clock_.Advance(Seconds(1));
  Round();
  EXPECT_TRUE(health_.ready()) << health_.why();
}

}  // namespace
}  // namespace cohort
