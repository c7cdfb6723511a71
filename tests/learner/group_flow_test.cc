#include "learner/group_flow.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "libs/messaging/testing/fake_broker_client.h"
#include "libs/protocol/codec.h"

namespace cohort {
namespace {

constexpr uint64_t kRun = 77;
constexpr uint32_t kGroupSize = 4;
constexpr uint64_t kVersion = 3;

// Plays actors, reward workers and broker: gives samples of prompts that the flow put.
class GroupFlowTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<Tokenizer> tokenizer = Tokenizer::Load("tests/libs/tokenizer/data/characters");
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
    tokenizer_.emplace(*std::move(tokenizer));
    file_ = std::filesystem::path(testing::TempDir()) / "group_flow_prompts.jsonl";
    std::ofstream out(file_);
    for (int i = 0; i < 10; ++i) out << "{\"prompt\":\"" << i << ":\",\"answer\":\"0\"}\n";
    out.close();
    for (uint64_t v = 0; v < 20; ++v) lines_.Add(v);
  }

  static RouteConfig Route(int64_t max_staleness) {
    RouteConfig route;
    route.groups_per_step = 2;
    route.group_size = kGroupSize;
    route.max_staleness = max_staleness;
    route.deadline_seconds = 60;
    return route;
  }
  GroupFlow MakeFlow(int64_t max_staleness, Ledger ledger = Ledger(1)) {
    return MakeFlow(std::vector{Route(max_staleness)}, std::move(ledger));
  }
  GroupFlow MakeFlow(const std::vector<RouteConfig>& configs, Ledger ledger) {
    std::vector<TrainingRoute> routes;
    for (const RouteConfig& config : configs) {
      routes.push_back(
          {config, *PromptSource::Load(file_, *tokenizer_, ChatTemplate::kPlain, 100, /*seed=*/1)});
    }
    GroupFlow::Options options;
    options.run = kRun;
    options.sampling.stop_tokens = {15};
    options.clock = &clock_;
    options.on_end = [this](const Group& group, GroupEnd end) {
      ends_[group.key.cursor].push_back(end);
    };
    return GroupFlow(&broker_, std::move(routes), std::move(ledger), std::move(options));
  }

  Scored Sample(uint64_t cursor, uint32_t sample, double reward, uint64_t version = kVersion) {
    Scored scored;
    Rollout& rollout = scored.rollout;
    rollout.prompt.id = {kRun, TrainingSpace(0), cursor, 0};
    rollout.prompt.route = "main";
    rollout.prompt.tokens = {1, 10};
    rollout.prompt.group_size = kGroupSize;
    rollout.prompt.sampling.stop_tokens = {15};
    rollout.prompt.scorers = {"answer"};
    rollout.prompt.issued_at = 1;
    rollout.sample = sample;
    rollout.tokens = {0, 15};
    rollout.logprobs = {-0.5f, -0.1f};
    rollout.versions = {{version, 2}};
    rollout.started_at = rollout.finished_at = 2;
    rollout.actor = "actor-1";
    scored.outcome =
        *Outcome::Scored(OutcomeReason::kGraded, {{"answer", reward, 1.0}}, reward == 1);
    scored.completion = "0";
    scored.received_at = scored.scored_at = 3;
    scored.worker = "reward-worker-1";
    return scored;
  }

  void Deliver(GroupFlow& flow, uint64_t cursor, uint32_t sample, double reward,
               uint64_t version = kVersion) {
    const Scored scored = Sample(cursor, sample, reward, version);
    flow.OnDelivery(broker_.Deliver("scored.main", scored.rollout.id(), Encode(scored)));
  }
  void DeliverGroupOf(GroupFlow& flow, const PromptKey& key, uint64_t version = kVersion) {
    for (uint32_t sample = 0; sample < kGroupSize; ++sample) {
      Scored scored = Sample(key.cursor, sample, sample % 2, version);
      scored.rollout.prompt.id.space = key.space;
      flow.OnDelivery(broker_.Deliver("scored", scored.rollout.id(), Encode(scored)));
    }
  }
  void DeliverGroup(GroupFlow& flow, uint64_t cursor, uint64_t version = kVersion) {
    for (uint32_t sample = 0; sample < kGroupSize; ++sample) {
      Deliver(flow, cursor, sample, sample % 2, version);
    }
  }
  void Sweep(GroupFlow& flow, uint64_t version = kVersion) { flow.Sweep(lines_, version); }
  std::vector<uint64_t> Cancelled() {
    std::vector<uint64_t> cursors;
    for (const auto& call : broker_.Calls<FakeBrokerClient::CancelCall>()) {
      EXPECT_EQ(call.first, call.last);
      cursors.push_back(call.first);
    }
    return cursors;
  }
  std::vector<uint64_t> PutCursors() {
    std::vector<uint64_t> cursors;
    for (const auto& call : broker_.Calls<FakeBrokerClient::PutCall>()) {
      cursors.push_back(call.task.id.cursor);
    }
    broker_.TakeCalls();
    return cursors;
  }
  size_t Settled() { return broker_.Calls<FakeBrokerClient::SettleCall>().size(); }

  FakeBrokerClient broker_;
  ManualClock clock_;
  VersionLines lines_;
  std::optional<Tokenizer> tokenizer_;
  std::filesystem::path file_;
  std::map<uint64_t, std::vector<GroupEnd>> ends_;
};

TEST_F(GroupFlowTest, TrainsAStepAndSettlesItOnlyWhenItsCheckpointIsDurable) {
  GroupFlow flow = MakeFlow(0);
  flow.Issue(kVersion, 100);
  EXPECT_EQ(PutCursors(), (std::vector<uint64_t>{0, 1}));
  DeliverGroup(flow, 1);
  Sweep(flow);
  EXPECT_FALSE(flow.FormBatch(lines_, kVersion));
  DeliverGroup(flow, 0);
  Sweep(flow);
  std::optional<std::vector<Group>> batch = flow.FormBatch(lines_, kVersion);
  ASSERT_TRUE(batch);
  ASSERT_EQ(batch->size(), 2u);
  EXPECT_EQ((*batch)[0].key.cursor, 0u);  // by id, not by arrival
  flow.EndBatch(*batch, {GroupEnd::kTrained, GroupEnd::kUninformative});
  EXPECT_EQ(Settled(), 0u);
  EXPECT_EQ(flow.HeldTasks(), 2u * kGroupSize);
  flow.SettleDurable();
  EXPECT_EQ(Settled(), 2u * kGroupSize);
  EXPECT_EQ(flow.HeldTasks(), 0u);
  EXPECT_TRUE(flow.ledger().Balances());
  EXPECT_EQ(ends_[0], std::vector{GroupEnd::kTrained});
}

TEST_F(GroupFlowTest, AcceptsEverySampleAtOnce) {
  GroupFlow flow = MakeFlow(0);
  flow.Issue(kVersion, 100);
  broker_.TakeCalls();
  DeliverGroup(flow, 0);
  EXPECT_EQ(broker_.Calls<FakeBrokerClient::AcceptCall>().size(), kGroupSize);
}

TEST_F(GroupFlowTest, ARedeliveredSampleOfAnEndedGroupIsSettledAndNotTrained) {
  GroupFlow flow = MakeFlow(0);
  flow.Issue(kVersion, 100);
  DeliverGroup(flow, 0);
  DeliverGroup(flow, 1);
  Sweep(flow);
  std::optional<std::vector<Group>> batch = flow.FormBatch(lines_, kVersion);
  flow.EndBatch(*batch, {GroupEnd::kTrained, GroupEnd::kTrained});
  flow.SettleDurable();
  const Result<Ledger> checkpoint = Ledger::FromJson(flow.ledger().ToJson(), 1);
  ASSERT_TRUE(checkpoint.ok());

  GroupFlow resumed = MakeFlow(0, *checkpoint);
  broker_.TakeCalls();
  Deliver(resumed, 0, 2, 1);
  EXPECT_EQ(Settled(), 0u);
  resumed.SettleDurable();
  EXPECT_EQ(Settled(), 1u);
  EXPECT_EQ(ends_[0].size(), 1u);
}

TEST_F(GroupFlowTest, KeepsSamplesOfPromptsThatARestartedLearnerHasNotIssuedYet) {
  GroupFlow resumed = MakeFlow(0);  // fell back to a checkpoint before the first issue
  DeliverGroup(resumed, 0);
  Sweep(resumed);
  EXPECT_EQ(resumed.Ready(0), 0u);
  resumed.Issue(kVersion, 100);
  Sweep(resumed);
  EXPECT_EQ(resumed.Ready(0), 1u);
}

TEST_F(GroupFlowTest, PutsPendingPromptsAgainWholeButNotCompleteOnes) {
  GroupFlow flow = MakeFlow(1);
  flow.Issue(kVersion, 100);
  EXPECT_EQ(PutCursors().size(), 4u);
  DeliverGroup(flow, 2);
  Deliver(flow, 1, 0, 1);
  Sweep(flow);
  broker_.TakeCalls();
  flow.PutPendingAgain(kVersion + 1);
  const auto puts = broker_.Calls<FakeBrokerClient::PutCall>();
  ASSERT_EQ(puts.size(), 3u);
  const Result<Prompt> again = DecodePrompt(puts[1].task.body);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(again->id.cursor, 1u);
  EXPECT_TRUE(again->have.empty());  // were this learner to die, nobody else would have them
  EXPECT_EQ(again->min_version, kVersion + 1);
}

TEST_F(GroupFlowTest, ThePromptOfACursorIsTheSameInEveryLife) {
  GroupFlow first = MakeFlow(3);
  first.Issue(kVersion, 100);
  const auto puts = broker_.Calls<FakeBrokerClient::PutCall>();
  broker_.TakeCalls();
  GroupFlow second = MakeFlow(3);
  second.Issue(kVersion, 100);
  const auto again = broker_.Calls<FakeBrokerClient::PutCall>();
  ASSERT_EQ(puts.size(), again.size());
  for (size_t i = 0; i < puts.size(); ++i) {
    EXPECT_EQ(puts[i].task.id, again[i].task.id);
    EXPECT_EQ(puts[i].task.body, again[i].task.body);
  }
}

TEST_F(GroupFlowTest, AGroupIsStaleWhenAnyTokenIsTooOldAndItsPlaceIsTaken) {
  GroupFlow flow = MakeFlow(1);
  flow.Issue(kVersion, 100);
  DeliverGroup(flow, 0, kVersion - 2);
  for (uint64_t cursor : {1, 2, 3}) DeliverGroup(flow, cursor, kVersion);
  Sweep(flow);
  const std::optional<std::vector<Group>> batch = flow.FormBatch(lines_, kVersion + 1);
  ASSERT_TRUE(batch);
  EXPECT_EQ((*batch)[0].key.cursor, 1u);
  EXPECT_EQ(ends_[0], std::vector{GroupEnd::kStale});
  flow.EndBatch(*batch, {GroupEnd::kTrained, GroupEnd::kTrained});
  broker_.TakeCalls();
  flow.Issue(kVersion + 1, 100);
  EXPECT_EQ(PutCursors().size(), 3u);
}

TEST_F(GroupFlowTest, TooFewScoredMembersMaskTheGroup) {
  GroupFlow flow = MakeFlow(0);
  flow.Issue(kVersion, 100);
  Deliver(flow, 0, 0, 1);
  for (uint32_t sample = 1; sample < kGroupSize; ++sample) {
    Scored scored = Sample(0, sample, 0);
    scored.outcome = Outcome::Masked(OutcomeReason::kGraderCrashed, "it crashed");
    flow.OnDelivery(broker_.Deliver("scored.main", scored.rollout.id(), Encode(scored)));
  }
  Sweep(flow);
  EXPECT_EQ(ends_[0], std::vector{GroupEnd::kMasked});
}

TEST_F(GroupFlowTest, APromptThatDiedEndsItsGroup) {
  GroupFlow flow = MakeFlow(0);
  flow.Issue(kVersion, 100);
  Delivery obituary = broker_.Deliver("scored.main", {kRun, TrainingSpace(0), 0, 0}, "");
  obituary.obituary = Obituary{EndReason::kDead, "lost 3 times", {}};
  flow.OnDelivery(obituary);
  Sweep(flow);
  EXPECT_EQ(ends_[0], std::vector{GroupEnd::kDead});
}

TEST_F(GroupFlowTest, AnOverdueGroupExpiresWholeAndWhatIsUnderWayForItIsCancelled) {
  GroupFlow flow = MakeFlow(0);
  flow.Issue(kVersion, 100);
  Deliver(flow, 0, 0, 1);
  DeliverGroup(flow, 1);
  Sweep(flow);
  clock_.Advance(Seconds(61));
  Sweep(flow);
  EXPECT_EQ(ends_[0], std::vector{GroupEnd::kExpired});
  EXPECT_TRUE(ends_[1].empty());  // complete groups wait for their step as long as it takes
  EXPECT_EQ(Settled(), 0u);       // what it has is settled with its end, and the rest cancelled
  EXPECT_TRUE(Cancelled().empty());
  flow.SettleDurable();
  EXPECT_EQ(Cancelled(), std::vector<uint64_t>{0});
  EXPECT_EQ(Settled(), 1u);
}

TEST_F(GroupFlowTest, AnIncompleteGroupWithASampleThatIsTooOldIsStaleAndCancelled) {
  GroupFlow flow = MakeFlow(1);
  flow.Issue(kVersion, 100);
  Deliver(flow, 0, 0, 1, kVersion);
  Deliver(flow, 1, 0, 1, kVersion + 1);
  Sweep(flow, kVersion + 1);
  EXPECT_TRUE(Cancelled().empty());
  Sweep(flow, kVersion + 2);
  EXPECT_EQ(ends_[0], std::vector{GroupEnd::kStale});
  EXPECT_TRUE(ends_[1].empty());
  flow.SettleDurable();
  EXPECT_EQ(Cancelled(), std::vector<uint64_t>{0});
  Deliver(flow, 0, 1, 1, kVersion);  // was under way when it was cancelled
  Sweep(flow, kVersion + 2);
  EXPECT_EQ(ends_[0].size(), 1u);
  flow.SettleDurable();
  EXPECT_EQ(Settled(), 2u);
}

TEST_F(GroupFlowTest, ASampleThatComesTooOldEndsItsGroupAtOnce) {
  GroupFlow flow = MakeFlow(1);
  flow.Issue(kVersion, 100);
  Sweep(flow, kVersion + 2);
  Deliver(flow, 2, 3, 1, kVersion);
  Sweep(flow, kVersion + 2);
  EXPECT_EQ(ends_[2], std::vector{GroupEnd::kStale});
  flow.SettleDurable();
  EXPECT_EQ(Cancelled(), std::vector<uint64_t>{2});
}

TEST_F(GroupFlowTest, AGroupThatCannotHaveEnoughScoredMembersWaitsForNoOther) {
  GroupFlow flow = MakeFlow(0);
  flow.Issue(kVersion, 100);
  for (uint32_t sample = 0; sample + 1 < kGroupSize; ++sample) {
    EXPECT_TRUE(ends_[0].empty());
    Scored scored = Sample(0, sample, 0);
    scored.outcome = Outcome::Masked(OutcomeReason::kGraderCrashed, "it crashed");
    flow.OnDelivery(broker_.Deliver("scored.main", scored.rollout.id(), Encode(scored)));
    Sweep(flow);
  }
  EXPECT_EQ(ends_[0], std::vector{GroupEnd::kMasked});
  flow.SettleDurable();
  EXPECT_EQ(Cancelled(), std::vector<uint64_t>{0});
}

TEST_F(GroupFlowTest, ALearnerThatFellBackBehindAnEarlyEndMeetsTheObituariesAndWaitsForNothing) {
  Ledger checkpoint(1);  // made before the group was cancelled
  checkpoint.Issue(0);
  GroupFlow resumed = MakeFlow(1, checkpoint);
  Delivery obituary = broker_.Deliver("scored.main", {kRun, TrainingSpace(0), 0, 3}, "");
  obituary.obituary = Obituary{EndReason::kCancelled, "cancelled", {}};
  resumed.OnDelivery(obituary);
  Sweep(resumed);
  EXPECT_EQ(ends_[0], std::vector{GroupEnd::kCancelled});
  EXPECT_TRUE(resumed.ledger().Balances());
}

TEST_F(GroupFlowTest, AnObituaryThatCameBeforeItsPromptWasIssuedAgainEndsItAtOnce) {
  GroupFlow resumed = MakeFlow(0);  // fell back to a checkpoint before the first issue
  Delivery obituary = broker_.Deliver("scored.main", {kRun, TrainingSpace(0), 1, 3}, "");
  obituary.obituary = Obituary{EndReason::kCancelled, "cancelled", {}};
  resumed.OnDelivery(obituary);
  Sweep(resumed);
  EXPECT_TRUE(ends_[1].empty());
  resumed.Issue(kVersion, 100);
  Sweep(resumed);
  EXPECT_EQ(ends_[1], std::vector{GroupEnd::kCancelled});
}

TEST_F(GroupFlowTest, ARouteThatIsNotTrainedGivesUpItsShareWithEachStepAsObserved) {
  RouteConfig shadow = Route(5);
  shadow.name = "shadow";
  shadow.trained = false;
  GroupFlow flow = MakeFlow({Route(0), shadow}, Ledger(2));
  flow.Issue(kVersion, 100);
  const auto at = [](uint32_t route, uint64_t cursor) {
    return PromptKey{TrainingSpace(route), cursor};
  };
  for (uint64_t cursor : {0, 1, 2}) DeliverGroupOf(flow, at(1, cursor));
  Sweep(flow);
  EXPECT_FALSE(flow.FormBatch(lines_, kVersion));  // the trained route paces
  for (uint64_t cursor : {0, 1}) DeliverGroupOf(flow, at(0, cursor));
  Sweep(flow);
  const std::optional<std::vector<Group>> batch = flow.FormBatch(lines_, kVersion);
  ASSERT_TRUE(batch);
  ASSERT_EQ(batch->size(), 2u);
  EXPECT_EQ((*batch)[1].key, at(0, 1));
  flow.EndBatch(*batch, {GroupEnd::kTrained, GroupEnd::kTrained});
  EXPECT_EQ(flow.ledger().route(1).ended(GroupEnd::kObserved), 2u);
  EXPECT_EQ(flow.ledger().route(1).ended(GroupEnd::kTrained), 0u);
  EXPECT_EQ(flow.Ready(1), 1u);  // above its share: the next step's
  EXPECT_TRUE(flow.ledger().Balances());
  flow.SettleDurable();
  EXPECT_EQ(Settled(), 4u * kGroupSize);
}

TEST_F(GroupFlowTest, ARouteIsIssuedAlikeWhetherItIsTrainedOrNot) {
  const auto puts_of_steps = [this](bool trained) {
    RouteConfig patient = Route(9);
    patient.name = "patient";
    patient.trained = trained;
    GroupFlow flow = MakeFlow({Route(0), patient}, Ledger(2));
    std::vector<std::vector<TaskId>> puts;
    for (uint64_t step = 0; step < 8; ++step) {
      flow.Issue(kVersion + step, 100);
      std::vector<TaskId>& ids = puts.emplace_back();
      for (const auto& call : broker_.Calls<FakeBrokerClient::PutCall>())
        ids.push_back(call.task.id);
      broker_.TakeCalls();
      for (uint64_t n : {0, 1}) {
        DeliverGroupOf(flow, {TrainingSpace(0), 2 * step + n}, kVersion + step);
        if (step >= 3)
          DeliverGroupOf(flow, {TrainingSpace(1), 2 * (step - 3) + n}, kVersion + step);
      }
      Sweep(flow, kVersion + step);
      const std::optional<std::vector<Group>> batch = flow.FormBatch(lines_, kVersion + step);
      EXPECT_TRUE(batch) << step;
      if (!batch) break;
      flow.EndBatch(*batch, std::vector(batch->size(), GroupEnd::kTrained));
    }
    return puts;
  };
  const auto trained = puts_of_steps(true);
  EXPECT_EQ(trained, puts_of_steps(false));
  EXPECT_EQ(trained.size(), 8u);
}

TEST_F(GroupFlowTest, ASampleThatMakesNoSenseIsRefusedAndCounted) {
  GroupFlow flow = MakeFlow(0);
  flow.Issue(kVersion, 100);
  flow.OnDelivery(broker_.Deliver("scored.main", {kRun, TrainingSpace(0), 0, 1}, "garbage"));
  const Scored other = Sample(1, 0, 1);
  flow.OnDelivery(broker_.Deliver("scored.main", {kRun, TrainingSpace(0), 0, 2}, Encode(other)));
  EXPECT_EQ(flow.refused_samples(), 2u);
  Deliver(flow, 0, 2, 1);
  Deliver(flow, 0, 3, 0);
  Sweep(flow);
  EXPECT_EQ(flow.Ready(0), 1u);  // the group goes on with the members that were scored
}

TEST_F(GroupFlowTest, APutThatIsRefusedForGoodEndsItsPrompt) {
  GroupFlow flow = MakeFlow(0);
  flow.Issue(kVersion, 100);
  const uint64_t tag = broker_.Calls<FakeBrokerClient::PutCall>()[0].tag;
  EXPECT_TRUE(flow.OnAnswer({tag, ResourceExhausted("larger than its queue"), false}));
  EXPECT_EQ(ends_[0], std::vector{GroupEnd::kDead});
  EXPECT_TRUE(flow.ledger().Balances());
}

TEST_F(GroupFlowTest, EndsEverythingUnderWayWhenTheStageIsOver) {
  GroupFlow flow = MakeFlow(2);
  flow.Issue(kVersion, 100);
  DeliverGroup(flow, 0);
  Deliver(flow, 1, 0, 1);
  Sweep(flow);
  flow.EndAll();
  EXPECT_TRUE(flow.ledger().route(0).pending.empty());
  EXPECT_TRUE(flow.ledger().Balances());
  flow.SettleDurable();
  EXPECT_EQ(Settled(), kGroupSize + 1);
  EXPECT_EQ(broker_.Calls<FakeBrokerClient::CancelCall>().size(), 5u);
}

}  // namespace
}  // namespace cohort
