// Rollouts whose scores take long: they wait in memory, on one thread, and can be taken back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/reward_workers/worker_fixture.h"

namespace cohort {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class DelayedWork : public WorkerBench {
 protected:
  // Moves the clock from timer to timer, as a waiting process would, for `span`.
  void PassTime(Duration span) {
    const Time end = clock_.Now() + span;
    while (timers_.NextDue() && *timers_.NextDue() <= end) {
      clock_.Advance(std::max(Duration::zero(), *timers_.NextDue() - clock_.Now()));
      ASSERT_TRUE(Run().ok());
    }
    clock_.Advance(end - clock_.Now());
    ASSERT_TRUE(Run().ok());
  }
};

TEST_F(DelayedWork, TakesWhatItsPlacesHoldAndLittleMore) {
  places_ = {{"fast", 4}, {"slow", kAnyNumber}};
  MakeWorker(/*tasks_in_flight=*/100);
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(broker_.credit["rollouts.fast"], 5u);
  EXPECT_EQ(broker_.credit["rollouts.slow"], 100u);
  for (uint64_t cursor = 0; cursor < 50; ++cursor) Deliver(MakeRollout("fast", cursor, "7", "7"));
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(broker_.credit["rollouts.fast"], 17u);  // a quarter of the 50 that it just got done
  clock_.Advance(Seconds(60));
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(broker_.credit["rollouts.fast"], 5u);
  for (uint64_t cursor = 0; cursor < 100; ++cursor) Deliver(MakeRollout("slow", cursor, "7", "7"));
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(broker_.credit["rollouts.slow"], 0u);  // all of them wait here
}

TEST_F(DelayedWork, AThousandTasksWaitOnOneThread) {
  for (uint64_t cursor = 0; cursor < 1000; ++cursor) {
    Deliver(MakeRollout("slow", cursor, "it is 7", cursor % 2 == 0 ? "7" : "8"));
  }
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(broker_.begun, SizeIs(1000));
  EXPECT_THAT(broker_.settled, IsEmpty());
  EXPECT_TRUE(MetricsSay("cohort_reward_inflight{route=\"slow\"} 1000"));
  PassTime(Seconds(9.9));
  EXPECT_THAT(broker_.settled, IsEmpty());
  PassTime(Seconds(2.6));  // half of the jitter
  EXPECT_GT(broker_.settled.size(), 400u);
  EXPECT_LT(broker_.settled.size(), 600u);
  PassTime(Seconds(2.5));
  ASSERT_THAT(broker_.settled, SizeIs(1000));
  std::set<TaskId> ids;
  int right = 0;
  for (size_t i = 0; i < 1000; ++i) {
    const Scored scored = ScoredAt(i);
    ids.insert(scored.rollout.id());
    right += scored.outcome.correct();
    EXPECT_GE(scored.scored_at - scored.received_at, 10);
    EXPECT_LE(scored.scored_at - scored.received_at, 15);
  }
  EXPECT_THAT(ids, SizeIs(1000));
  EXPECT_EQ(right, 500);
  EXPECT_EQ(timers_.size(), 0u);
}

TEST_F(DelayedWork, TheSameRolloutIsAlwaysAsLate) {
  const auto delay = [this] {
    Deliver(MakeRollout("slow", 42, "7", "7"));
    EXPECT_TRUE(Run().ok());
    const Time due = timers_.NextDue().value();
    const Duration delay = due - clock_.Now();
    PassTime(Seconds(20));
    return delay;
  };
  const Duration first = delay();
  EXPECT_EQ(delay(), first);
  EXPECT_NE(first, Seconds(10));
}

TEST_F(DelayedWork, WaitsForTheBrokerNoLongerThanToTheNextTimer) {
  Deliver(MakeRollout("slow", 1, "7", "7"));
  ASSERT_TRUE(Run().ok());
  const Duration until = *timers_.NextDue() - clock_.Now();
  broker_.waits.clear();
  ASSERT_TRUE(worker_->Step(Seconds(3600)).ok());
  EXPECT_EQ(broker_.waits.at(0), until);
  clock_.Advance(until + Seconds(5));
  broker_.waits.clear();
  ASSERT_TRUE(worker_->Step(Seconds(3600)).ok());
  EXPECT_EQ(broker_.waits.at(0), Duration::zero());
  EXPECT_THAT(broker_.settled, SizeIs(1));
}

TEST_F(DelayedWork, ASlowRouteLeavesTheFastOneItsCredit) {
  MakeWorker(/*tasks_in_flight=*/10);
  for (uint64_t cursor = 0; cursor < 10; ++cursor) Deliver(MakeRollout("slow", cursor, "7", "7"));
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(broker_.credit["rollouts.slow"], 0u);
  EXPECT_EQ(broker_.credit["rollouts.fast"], 10u);
  Deliver(MakeRollout("fast", 99, "7", "7"));
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(broker_.settled, SizeIs(1));
  EXPECT_EQ(broker_.credit["rollouts.fast"], 10u);
  PassTime(Seconds(15));
  EXPECT_EQ(broker_.credit["rollouts.slow"], 10u);
}

TEST_F(DelayedWork, DeclaresHowLongItMayTake) {
  const LeaseToken token = Deliver(MakeRollout("slow", 1, "7", "7"));
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(broker_.limits.at(token), Seconds(10 + 5 + 60));
}

TEST_F(DelayedWork, TellsTheBrokerWhatIsDoneWheneverThatChanges) {
  ScorerConfig slower = config_.scorers.at(2);
  slower.name = "slower_number";
  slower.passes = false;
  slower.delay_seconds = 40;
  config_.scorers.push_back(slower);
  MakeWorker(/*tasks_in_flight=*/10);
  Rollout both = MakeRollout("slow", 1, "7", "7");
  both.prompt.scorers.push_back("slower_number");
  const LeaseToken token = Deliver(both);
  Deliver(MakeRollout("fast", 2, "7", "7"));  // done before there is anything to tell
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(broker_.phases, ElementsAre(Pair(token, "delayed, delayed")));
  clock_.Advance(Seconds(5));
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(broker_.phases, SizeIs(1)) << "it is the same still";
  PassTime(Seconds(15));
  EXPECT_THAT(broker_.phases, ElementsAre(Pair(token, "delayed, delayed"), Pair(token, "delayed")));
  PassTime(Seconds(30));
  EXPECT_THAT(broker_.settled, SizeIs(2));
  EXPECT_THAT(broker_.phases, SizeIs(2)) << "whoever settles has no more to tell";
}

TEST_F(DelayedWork, AClosedGateSparesTheWait) {
  Deliver(CutOff(MakeRollout("slow", 1, "7", "7")));
  ASSERT_TRUE(Run().ok());
  ASSERT_THAT(broker_.settled, SizeIs(1));
  EXPECT_EQ(ScoredAt(0).outcome.reward(), 0.0);
  EXPECT_EQ(timers_.size(), 0u);
}

TEST_F(DelayedWork, ALostLeaseCancelsItsScore) {
  const Rollout lost = MakeRollout("slow", 1, "7", "7");
  const Rollout kept = MakeRollout("slow", 2, "7", "7");
  const LeaseToken token = Deliver(lost);
  Deliver(kept);
  ASSERT_TRUE(Run().ok());
  broker_.events.push_back(LeaseLost{lost.id(), "rollouts.slow", token, "cancelled"});
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(timers_.size(), 1u);
  PassTime(Seconds(20));
  ASSERT_THAT(broker_.settled, SizeIs(1));
  EXPECT_EQ(ScoredAt(0).rollout.id(), kept.id());
  EXPECT_TRUE(MetricsSay("cohort_reward_left_total{how=\"lease_lost\"} 1"));
  EXPECT_TRUE(MetricsSay("cohort_reward_inflight{route=\"slow\"} 0"));
}

TEST_F(DelayedWork, ABrokerThatForgotEndsWhatItGave) {
  Deliver(MakeRollout("slow", 1, "7", "7"));
  Deliver(MakeRollout("fast", 2, "7", "7"));
  ASSERT_TRUE(Run().ok());
  broker_.events.push_back(SessionStarted{2, /*fresh=*/true, ""});
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(timers_.size(), 0u);
  EXPECT_THAT(broker_.released, IsEmpty());
  EXPECT_TRUE(MetricsSay("cohort_reward_left_total{how=\"broker_restarted\"} 1"));
  worker_->Drain();
  EXPECT_TRUE(worker_->drained());
}

TEST_F(DelayedWork, AReconnectionChangesNothing) {
  Deliver(MakeRollout("slow", 1, "7", "7"));
  ASSERT_TRUE(Run().ok());
  broker_.events.push_back(SessionStarted{1, /*fresh=*/false, ""});
  PassTime(Seconds(20));
  EXPECT_THAT(broker_.settled, SizeIs(1));
}

TEST_F(DelayedWork, DrainingHandsBackWhatWouldTakeLong) {
  const LeaseToken slow = Deliver(MakeRollout("slow", 1, "7", "7"));
  const LeaseToken quick = Deliver(MakeRollout("fast", 2, "7", "7"));
  ASSERT_TRUE(Run().ok());
  worker_->Drain();
  EXPECT_THAT(broker_.released, ElementsAre(slow));
  EXPECT_EQ(broker_.credit["rollouts.fast"], 0u);
  EXPECT_EQ(broker_.credit["rollouts.slow"], 0u);
  EXPECT_EQ(timers_.size(), 0u);

  // What was under way to us already is handed back untouched.
  const LeaseToken late = Deliver(MakeRollout("fast", 3, "7", "7"));
  ASSERT_TRUE(Run().ok());
  EXPECT_THAT(broker_.released, ElementsAre(slow, late));
  EXPECT_THAT(broker_.begun, ::testing::Not(Contains(late)));

  // The score that was given is waited for.
  ASSERT_THAT(broker_.settled, SizeIs(1));
  EXPECT_EQ(broker_.settled[0].token, quick);
  EXPECT_FALSE(worker_->drained());
  EXPECT_EQ(worker_->Report().state, "draining, 1 scores unconfirmed");
  broker_.AnswerSettles();
  ASSERT_TRUE(Run().ok());
  EXPECT_TRUE(worker_->drained());
  EXPECT_EQ(broker_.credit["rollouts.fast"], 0u);
}

TEST_F(DelayedWork, AThousandAreHandedBackAtOnce) {
  for (uint64_t cursor = 0; cursor < 1000; ++cursor) Deliver(MakeRollout("slow", cursor, "7", "7"));
  ASSERT_TRUE(Run().ok());
  worker_->Drain();
  EXPECT_TRUE(worker_->drained());
  EXPECT_THAT(broker_.released, SizeIs(1000));
  EXPECT_EQ(timers_.size(), 0u);
  EXPECT_TRUE(MetricsSay("cohort_reward_left_total{how=\"released\"} 1000"));
}

}  // namespace
}  // namespace cohort
