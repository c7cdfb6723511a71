#include "reward_workers/reward_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/base/rng.h"
#include "tests/reward_workers/worker_fixture.h"

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RewardWorkerTest : public WorkerBench {};

TEST_F(RewardWorkerTest, AsksForTheRolloutsOfEveryRoute) {
  EXPECT_THAT(broker_.subscribed, ElementsAre("rollouts.fast", "rollouts.slow"));
  EXPECT_EQ(broker_.credit["rollouts.fast"], 4000u);
  EXPECT_EQ(broker_.credit["rollouts.slow"], 4000u);
}

TEST_F(RewardWorkerTest, SettlesARightAnswerWithItsScore) {
  const Rollout rollout = MakeRollout("fast", 3, "it is 7", "7");
  const LeaseToken token = Deliver(rollout);
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(broker_.begun, ElementsAre(token));
  ASSERT_THAT(broker_.settled, SizeIs(1));
  EXPECT_EQ(broker_.settled[0].token, token);
  const NewTask& child = broker_.settled[0].children.at(0);
  EXPECT_EQ(child.queue, "scored.fast");
  EXPECT_EQ(child.id, rollout.id());
  const Scored scored = ScoredAt(0);
  EXPECT_EQ(scored.rollout, rollout);
  EXPECT_EQ(scored.completion, "it is 7");
  EXPECT_EQ(scored.worker, "reward-worker-1");
  EXPECT_EQ(scored.outcome.reason(), OutcomeReason::kGraded);
  EXPECT_EQ(scored.outcome.reward(), 1.0);
  EXPECT_TRUE(scored.outcome.correct());
  EXPECT_EQ(scored.received_at, clock_.WallSeconds());
}

TEST_F(RewardWorkerTest, KeepsTheColumnsOfTheRowToItself) {
  Rollout rollout = MakeRollout("fast", 3, "it is 7", "7");
  rollout.prompt.columns = R"({"tests":[1]})";
  Deliver(rollout);
  ASSERT_TRUE(Run().ok());
  rollout.prompt.columns.clear();
  EXPECT_EQ(ScoredAt(0).rollout, rollout);
}

TEST_F(RewardWorkerTest, SettlesAWrongAnswerAndOneWithoutAny) {
  Deliver(MakeRollout("fast", 1, "it is 8", "7"));
  Deliver(MakeRollout("fast", 2, "who knows", "7"));
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(ScoredAt(0).outcome.reward(), 0.0);
  EXPECT_EQ(ScoredAt(0).outcome.reason(), OutcomeReason::kGraded);
  EXPECT_EQ(ScoredAt(1).outcome.reward(), 0.0);
  EXPECT_EQ(ScoredAt(1).outcome.reason(), OutcomeReason::kUnparseable);
  EXPECT_TRUE(MetricsSay("cohort_reward_outcomes_total{outcome=\"graded\",route=\"fast\"} 1"));
  EXPECT_TRUE(MetricsSay("cohort_reward_outcomes_total{outcome=\"unparseable\",route=\"fast\"} 1"));
  EXPECT_TRUE(
      MetricsSay("cohort_reward_graded_total{outcome=\"unparseable\",scorer=\"number\"} 1"));
}

TEST_F(RewardWorkerTest, MasksWhatHasNoReadableGoldAnswer) {
  Deliver(MakeRollout("fast", 1, "it is 7", "seven"));
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(ScoredAt(0).outcome.reason(), OutcomeReason::kGoldInvalid);
  EXPECT_EQ(ScoredAt(0).outcome.reward(), std::nullopt);
  EXPECT_THAT(ScoredAt(0).outcome.detail(), HasSubstr("\"seven\" is not one number"));
  EXPECT_TRUE(MetricsSay("cohort_reward_masked_ratio{route=\"fast\"} 1"));
}

TEST_F(RewardWorkerTest, MasksWhatItHasNoScorerFor) {
  for (const std::vector<std::string>& scorers :
       {std::vector<std::string>{"tests_pass"}, {}, {"clean_stop"}, {"number", "number"}}) {
    Rollout rollout = MakeRollout("fast", 1, "it is 7", "7");
    rollout.prompt.scorers = scorers;
    Deliver(rollout);
    ASSERT_TRUE(Run().ok());
    EXPECT_EQ(ScoredAt(broker_.settled.size() - 1).outcome.reason(),
              OutcomeReason::kTaskUnsupported);
  }
  EXPECT_THAT(ScoredAt(0).outcome.detail(), HasSubstr("\"tests_pass\" is not in this worker's"));
}

TEST_F(RewardWorkerTest, FailsABodyThatIsNoRollout) {
  const Rollout rollout = MakeRollout("fast", 1, "it is 7", "7");
  const std::string body = Encode(rollout);
  const LeaseToken cut = Deliver("rollouts.fast", rollout.id(), body.substr(0, body.size() / 2));
  const LeaseToken empty = Deliver("rollouts.fast", rollout.id(), "");
  const LeaseToken other = Deliver("rollouts.fast", rollout.id(), Encode(rollout.prompt));
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(broker_.begun, ElementsAre(cut, empty, other));  // each failure is an attempt
  ASSERT_THAT(broker_.failed, SizeIs(3));
  EXPECT_EQ(broker_.failed[0].first, cut);
  EXPECT_THAT(broker_.failed[0].second, HasSubstr("rollout message: is "));
  EXPECT_THAT(broker_.settled, IsEmpty());
  EXPECT_TRUE(MetricsSay("cohort_reward_refused_total{reason=\"undecodable\"} 3"));
}

TEST_F(RewardWorkerTest, FailsARolloutThatCameAsAnother) {
  const Rollout rollout = MakeRollout("fast", 1, "it is 7", "7");
  Deliver("rollouts.fast", rollout.prompt.id.Sample(5), Encode(rollout));
  Deliver("rollouts.slow", rollout.id(), Encode(rollout));
  Rollout unknown = rollout;
  unknown.prompt.route = "elsewhere";
  Deliver(unknown);
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(broker_.failed, SizeIs(3));
  EXPECT_THAT(broker_.settled, IsEmpty());
  EXPECT_TRUE(MetricsSay("cohort_reward_refused_total{reason=\"wrong_task\"} 3"));
}

TEST_F(RewardWorkerTest, OutlivesGarbageAndGoesOnScoring) {
  Rng rng(8);
  const Rollout rollout = MakeRollout("fast", 1, "it is 7", "7");
  const std::string body = Encode(rollout);
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = body;
    for (int flips = 0; flips < 8; ++flips) {
      damaged[rng.Below(damaged.size())] = static_cast<char>(rng.Below(256));
    }
    Deliver("rollouts.fast", rollout.id(), damaged);
  }
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(broker_.failed.size() + broker_.settled.size(), 2000u);
  const size_t settled = broker_.settled.size();
  Deliver(rollout);
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(broker_.settled.size(), settled + 1);
}

TEST_F(RewardWorkerTest, FailsATaskWhoseScoreFitsNowhere) {
  const LeaseToken token = Deliver(MakeRollout("fast", 1, "it is 7", "7"));
  ASSERT_TRUE(Run().ok());
  broker_.AnswerSettles(ResourceExhausted("larger than scored.fast may hold"));
  ASSERT_TRUE(Run().ok());
  ASSERT_THAT(broker_.failed, SizeIs(1));
  EXPECT_EQ(broker_.failed[0].first, token);
}

TEST_F(RewardWorkerTest, CountsAScoreThatCameTooLate) {
  Deliver(MakeRollout("fast", 1, "it is 7", "7"));
  ASSERT_TRUE(Run().ok());
  broker_.AnswerSettles(FailedPrecondition("the lease is not yours"));
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(broker_.failed, IsEmpty());
  EXPECT_TRUE(MetricsSay("cohort_reward_left_total{how=\"late\"} 1"));
}

TEST_F(RewardWorkerTest, EndsWhenTheBrokerRefusesIt) {
  broker_.events.push_back(SessionRefused{PermissionDenied("protocol 2, not 1")});
  EXPECT_EQ(Run().code(), StatusCode::kPermissionDenied);
}

TEST_F(RewardWorkerTest, SaysWhatItWaitsFor) {
  clock_.Advance(Seconds(3));
  StatusReport report = worker_->Report();
  EXPECT_EQ(report.state, "waiting for rollouts");
  ASSERT_THAT(report.waiting, SizeIs(1));
  EXPECT_EQ(report.waiting[0].for_what, "rollouts in rollouts.fast, rollouts.slow");
  EXPECT_EQ(report.waiting[0].since_seconds, 3);

  const Rollout rollout = MakeRollout("slow", 9, "7", "7");
  Deliver(rollout);
  ASSERT_TRUE(Run().ok());
  clock_.Advance(Seconds(2));
  broker_.state = "waiting for the broker";
  report = worker_->Report();
  EXPECT_EQ(report.state, "scoring 1 rollouts");
  ASSERT_THAT(report.waiting, SizeIs(2));
  EXPECT_EQ(report.waiting[0].for_what, "waiting for the broker");
  EXPECT_EQ(report.waiting[1].for_what, "scores of route slow (delayed)");
  EXPECT_EQ(report.waiting[1].since_seconds, 2);
  EXPECT_EQ(report.waiting[1].id, rollout.id().ToString());
}

}  // namespace
}  // namespace cohort
