// Leases, attempts, ends and obituaries of the queue machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/machine_driver.h"

namespace cohort {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr SessionId kProducer = 1;
constexpr SessionId kWorker = 2;
constexpr SessionId kOther = 3;

class LeasesTest : public testing::Test {
 protected:
  void SetUp() override {
    for (SessionId session : {kProducer, kWorker, kOther}) ASSERT_TRUE(d.Hello(session).ok());
  }
  DeliverEvent PutAndDeliver(TaskSpec spec) {
    d.Do(kProducer, PutCommand{spec});
    d.Consume(kWorker, spec.queue);
    return d.Delivered(kWorker);
  }
  // All three stay connected.
  void Wait(Duration by) { d.AdvanceAlive(by, {kProducer, kWorker, kOther}); }

  MachineDriver d;
};

TEST_F(LeasesTest, RedeliversWhenTheLeaseExpires) {
  const DeliverEvent first = PutAndDeliver(d.Prompt(1));
  EXPECT_FALSE(first.redelivered);
  Wait(Seconds(29));
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty());
  Wait(Seconds(1));
  const DeliverEvent second = d.Delivered(kWorker);
  EXPECT_TRUE(second.redelivered);
  EXPECT_EQ(second.id, first.id);
  EXPECT_NE(second.token, first.token);
  EXPECT_EQ(d.Lost(kWorker).size(), 1u);
}

TEST_F(LeasesTest, KeepsALeaseThatIsRenewed) {
  const DeliverEvent delivery = PutAndDeliver(d.Prompt(1));
  for (int i = 0; i < 20; ++i) {
    Wait(Seconds(20));
    d.Do(kWorker, RenewCommand{{delivery.token}});
  }
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty());
  EXPECT_TRUE(d.StatusOf(kWorker, SettleCommand{delivery.token, "prompts", delivery.id, {}}).ok());
}

TEST_F(LeasesTest, TellsWhoRenewsALeaseThatIsGone) {
  d.Do(kWorker, RenewCommand{{LeaseToken{100, 999, 1}}});
  EXPECT_EQ(d.Lost(kWorker).size(), 1u);
}

TEST_F(LeasesTest, RefusesASettleFromAnEarlierAttempt) {
  const DeliverEvent first = PutAndDeliver(d.Prompt(1));
  Wait(Seconds(31));
  const DeliverEvent second = d.Delivered(kWorker);
  const Status late = d.StatusOf(
      kWorker, SettleCommand{first.token, "prompts", first.id, {d.Spec("rollouts", d.Id(1, 1))}});
  EXPECT_EQ(late.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(d.Stats("prompts").stale_answers, 1u);
  EXPECT_EQ(d.Stats("rollouts").puts, 0u) << "its children must not be put";
  EXPECT_TRUE(d.StatusOf(kWorker, SettleCommand{second.token, "prompts", second.id, {}}).ok());
}

TEST_F(LeasesTest, RefusesASettleBySomebodyElse) {
  const DeliverEvent delivery = PutAndDeliver(d.Prompt(1));
  EXPECT_EQ(d.StatusOf(kOther, SettleCommand{delivery.token, "prompts", delivery.id, {}}).code(),
            StatusCode::kFailedPrecondition);
}

TEST_F(LeasesTest, SettlesOnceHoweverOftenItIsTold) {
  const DeliverEvent delivery = PutAndDeliver(d.Prompt(1));
  const SettleCommand settle{
      delivery.token, "prompts", delivery.id, {d.Spec("rollouts", d.Id(1, 1))}};
  EXPECT_TRUE(d.StatusOf(kWorker, settle).ok());
  const AnswerEvent again = d.Answer(kWorker, d.Do(kWorker, settle));
  EXPECT_TRUE(again.status.ok());
  EXPECT_TRUE(again.known_before);
  EXPECT_EQ(d.Stats("prompts").settles, 1u);
  EXPECT_EQ(d.Stats("rollouts").puts, 1u);
}

TEST_F(LeasesTest, AnswersNotFoundForALeaseOfAnEarlierBroker) {
  const LeaseToken old{/*epoch=*/99, /*lease=*/1, /*attempt=*/1};
  EXPECT_EQ(d.StatusOf(kWorker, SettleCommand{old, "prompts", d.Id(1), {}}).code(),
            StatusCode::kNotFound);
  EXPECT_EQ(d.StatusOf(kWorker, EmitCommand{old, {}}).code(), StatusCode::kNotFound);
  // Issued again meanwhile: still nothing that the old lease could speak for.
  d.Do(kProducer, PutCommand{d.Prompt(1)});
  EXPECT_EQ(d.StatusOf(kWorker, SettleCommand{old, "prompts", d.Id(1), {}}).code(),
            StatusCode::kNotFound);
}

TEST_F(LeasesTest, AddsAPauseOfTheMachineToEveryLease) {
  const DeliverEvent delivery = PutAndDeliver(d.Prompt(1));
  d.Step(Seconds(3600));
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty());
  EXPECT_TRUE(d.machine.IsConnected(kWorker));
  EXPECT_TRUE(d.StatusOf(kWorker, SettleCommand{delivery.token, "prompts", delivery.id, {}}).ok());
}

TEST_F(LeasesTest, ExpiresNothingBeforeTheSocketIsDrained) {
  const DeliverEvent delivery = PutAndDeliver(d.Prompt(1));
  Effects effects;
  Time now = d.now();
  for (int i = 0; i < 40; ++i) d.machine.Tick(now += Seconds(1), /*drained=*/false, effects);
  d.machine.Apply(now, kWorker, {50, RenewCommand{{delivery.token}}}, effects);
  d.machine.Tick(now, /*drained=*/true, effects);
  EXPECT_THAT(effects.events, IsEmpty());
}

TEST_F(LeasesTest, HandsBackWithoutCountingAnAttempt) {
  DeliverEvent delivery = PutAndDeliver(d.Prompt(1));
  for (int i = 0; i < 20; ++i) {
    d.Do(kWorker, BeginCommand{delivery.token});
    d.Do(kWorker, ReleaseCommand{delivery.token});
    delivery = d.Delivered(kWorker);
    EXPECT_EQ(delivery.token.attempt, 1u);
  }
}

TEST_F(LeasesTest, CountsTheLossOfStartedWorkOnly) {
  DeliverEvent delivery = PutAndDeliver(d.Prompt(1));
  for (int i = 0; i < 10; ++i) {  // lost before it began: nobody's fault
    Wait(Seconds(31));
    delivery = d.Delivered(kWorker);
    EXPECT_EQ(delivery.token.attempt, 1u);
  }
  for (uint32_t attempt = 2; attempt <= 3; ++attempt) {
    d.Do(kWorker, BeginCommand{delivery.token});
    Wait(Seconds(31));
    delivery = d.Delivered(kWorker);
    EXPECT_EQ(delivery.token.attempt, attempt);
  }
  d.Do(kWorker, BeginCommand{delivery.token});
  Wait(Seconds(31));
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty());
  EXPECT_EQ(d.Stats("prompts").dead, 1u);
}

TEST_F(LeasesTest, GivesAFailedTaskToAnotherWhereThereIsOne) {
  const DeliverEvent failed = PutAndDeliver(d.Prompt(1));
  d.Do(kWorker, FailCommand{failed.token, "no luck"});
  d.Consume(kOther, "prompts", /*tasks=*/1);
  Wait(Seconds(2));
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty()) << "although it was its turn";
  const DeliverEvent again = d.Delivered(kOther);
  EXPECT_EQ(again.token.attempt, 2u);
  d.Do(kOther, FailCommand{again.token, "no luck either"});
  Wait(Seconds(4));
  EXPECT_EQ(d.Delivered(kWorker).token.attempt, 3u) << "the one that failed it last is avoided";
}

TEST_F(LeasesTest, AFailedTaskKeepsNobodyFromItsTurn) {
  TaskSpec spec = d.Prompt(1);
  const DeliverEvent failed = PutAndDeliver(spec);
  d.Do(kWorker, FailCommand{failed.token, "no luck"});
  d.Consume(kOther, "prompts");
  Wait(Seconds(2));
  EXPECT_EQ(d.Delivered(kOther).id, d.Id(1));
  d.Do(kProducer, PutCommand{d.Prompt(2)});
  EXPECT_EQ(d.Delivered(kWorker).id, d.Id(2)) << "it was passed over once, not moved back";
}

TEST_F(LeasesTest, GivesALostTaskToAnotherWhereThereIsOne) {
  PutAndDeliver(d.Prompt(1));
  d.Consume(kOther, "prompts");
  Wait(Seconds(31));
  EXPECT_EQ(d.Delivered(kOther).id, d.Id(1));
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty());
}

TEST_F(LeasesTest, TheOnlyConsumerGetsWhatItFailedAfterTheBackOff) {
  const DeliverEvent failed = PutAndDeliver(d.Prompt(1));
  d.Do(kWorker, FailCommand{failed.token, "no luck"});
  d.Consume(kOther, "prompts", /*tasks=*/0);
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty());
  Wait(Seconds(2));
  EXPECT_EQ(d.Delivered(kWorker).token.attempt, 2u) << "the other one has no credit";
}

TEST_F(LeasesTest, RetriesOfManyFailuresAreSpreadInTime) {
  d.Consume(kWorker, "prompts");
  for (uint64_t cursor = 1; cursor <= 100; ++cursor) d.Do(kProducer, PutCommand{d.Prompt(cursor)});
  for (const DeliverEvent& each : d.Deliveries(kWorker)) {
    d.Do(kWorker, FailCommand{each.token, "no luck"});
  }
  // Of 100 delays of 0.75 to 1.25 s some have passed after 0.8 s, about half after 1 s.
  Wait(Seconds(0.8));
  const size_t early = d.Deliveries(kWorker).size();
  EXPECT_GT(early, 0u);
  EXPECT_LT(early, 40u);
  Wait(Seconds(0.2));
  const size_t half = early + d.Deliveries(kWorker).size();
  EXPECT_GT(half, 25u);
  EXPECT_LT(half, 75u);
  Wait(Seconds(0.3));
  EXPECT_EQ(half + d.Deliveries(kWorker).size(), 100u);
}

TEST_F(LeasesTest, WaitsLongerAfterEachFailure) {
  TaskSpec spec = d.Prompt(1);
  spec.max_attempts = 10;
  DeliverEvent delivery = PutAndDeliver(spec);
  Duration last{0};
  for (int i = 0; i < 4; ++i) {
    d.Do(kWorker, FailCommand{delivery.token, "no luck"});
    EXPECT_EQ(d.Stats("prompts").delayed, 1u);
    Duration waited{0};
    while (d.Stats("prompts").delayed == 1) {
      Wait(Seconds(0.05));
      waited += Seconds(0.05);
      ASSERT_LT(waited, Seconds(100));
    }
    EXPECT_GT(waited, last);
    last = waited;
    delivery = d.Delivered(kWorker);
  }
}

TEST_F(LeasesTest, BuriesAfterTheLastAttemptWithTheReasonsOfAll) {
  DeliverEvent delivery = PutAndDeliver(d.Prompt(1));
  d.Do(kWorker, EmitCommand{delivery.token, {d.Spec("rollouts", d.Id(1, 2))}});
  for (const char* reason : {"first", "second", "third"}) {
    d.Do(kWorker, FailCommand{delivery.token, reason});
    Wait(Seconds(10));
    if (std::string(reason) != "third") delivery = d.Delivered(kWorker);
  }
  EXPECT_EQ(d.Stats("prompts").dead, 1u);
  d.Consume(kProducer, "scored");
  const DeliverEvent told = d.Delivered(kProducer);
  EXPECT_EQ(told.id, d.Id(1));
  ASSERT_TRUE(told.obituary.has_value());
  EXPECT_EQ(told.obituary->reason, EndReason::kDead);
  EXPECT_EQ(told.obituary->detail,
            "attempt 1 by worker-2: first; attempt 2 by worker-2: second; "
            "attempt 3 by worker-2: third");
  EXPECT_THAT(told.obituary->emitted, ElementsAre(d.Id(1, 2)));
  EXPECT_TRUE(told.body.empty());
}

TEST_F(LeasesTest, AnObituaryNeverDies) {
  TaskSpec spec = d.Prompt(1);
  spec.deadline_seconds = 1;
  d.Do(kProducer, PutCommand{spec});
  Wait(Seconds(2));
  d.Consume(kWorker, "scored");
  for (int i = 0; i < 10; ++i) {
    const DeliverEvent told = d.Delivered(kWorker);
    ASSERT_TRUE(told.obituary.has_value());
    d.Do(kWorker, FailCommand{told.token, "busy"});
    while (d.Stats("scored").delayed == 1) Wait(Seconds(1));
  }
}

TEST_F(LeasesTest, ExpiresAtTheHardDeadlineWhateverTheState) {
  TaskSpec spec = d.Prompt(1);
  spec.deadline_seconds = 20;
  const DeliverEvent leased = PutAndDeliver(spec);
  spec.id = d.Id(2);
  spec.queue = "elsewhere";
  d.Do(kProducer, PutCommand{spec});
  Wait(Seconds(21));
  const auto lost = d.Lost(kWorker);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].token, leased.token);
  EXPECT_THAT(lost[0].reason, HasSubstr("deadline"));
  d.Consume(kProducer, "scored");
  const auto told = d.Deliveries(kProducer);
  ASSERT_EQ(told.size(), 2u);
  for (const DeliverEvent& each : told) EXPECT_EQ(each.obituary->reason, EndReason::kExpired);
  EXPECT_EQ(d.StatusOf(kWorker, SettleCommand{leased.token, "prompts", leased.id, {}}).code(),
            StatusCode::kNotFound);
}

TEST_F(LeasesTest, HoldsAnAcceptedTaskPastLeaseAndDeadlineOutsideTheBound) {
  TaskSpec spec = d.Prompt(1);
  spec.deadline_seconds = 20;
  const DeliverEvent delivery = PutAndDeliver(spec);
  d.Do(kWorker, BeginCommand{delivery.token});
  d.Do(kWorker, AcceptCommand{delivery.token});
  Wait(Seconds(1000));
  EXPECT_EQ(d.Stats("prompts").accepted, 1u);
  EXPECT_EQ(d.Stats("prompts").leased, 0u);
  EXPECT_TRUE(d.StatusOf(kWorker, SettleCommand{delivery.token, "prompts", delivery.id, {}}).ok());
}

TEST_F(LeasesTest, AcceptedWorkOfADeadSessionIsRedeliveredWithoutAnAttempt) {
  const DeliverEvent delivery = PutAndDeliver(d.Prompt(1));
  d.Do(kWorker, BeginCommand{delivery.token});
  d.Do(kWorker, AcceptCommand{delivery.token});
  d.Disconnect(kWorker);
  d.Consume(kOther, "prompts");
  Wait(Seconds(4));
  EXPECT_EQ(d.Delivered(kOther).token.attempt, 1u);
}

TEST_F(LeasesTest, KeepsALeaseAnOrdinaryOneWhenTooMuchIsHeld) {
  MachineConfig config = MachineDriver::Config();
  config.held_tasks = 1;
  MachineDriver few(config);
  ASSERT_TRUE(few.Hello(kWorker).ok());
  few.Consume(kWorker, "prompts");
  for (uint64_t cursor : {1, 2}) few.Do(kWorker, PutCommand{few.Prompt(cursor)});
  for (const DeliverEvent& each : few.Deliveries(kWorker)) {
    few.Do(kWorker, AcceptCommand{each.token});
  }
  EXPECT_EQ(few.Stats("prompts").accepted, 1u);
  EXPECT_EQ(few.Stats("prompts").leased, 1u);
  EXPECT_EQ(few.Queue("prompts").totals.refused.at("held_full"), 1u);
}

TEST_F(LeasesTest, NamesToTheNextAttemptWhatTheFirstHasEmitted) {
  const DeliverEvent delivery = PutAndDeliver(d.Prompt(1));
  EXPECT_TRUE(d.StatusOf(kWorker, EmitCommand{delivery.token,
                                              {d.Spec("rollouts", d.Id(1, 3)),
                                               d.Spec("rollouts", d.Id(1, 1))}})
                  .ok());
  EXPECT_EQ(d.Stats("rollouts").ready, 2u) << "emitted children are there before the settle";
  Wait(Seconds(31));
  const DeliverEvent again = d.Delivered(kWorker);
  EXPECT_THAT(again.emitted, ElementsAre(d.Id(1, 3), d.Id(1, 1)));
  // The second attempt settles with all of them: each exists once.
  EXPECT_TRUE(d.StatusOf(kWorker, SettleCommand{again.token,
                                                "prompts",
                                                again.id,
                                                {d.Spec("rollouts", d.Id(1, 1)),
                                                 d.Spec("rollouts", d.Id(1, 2)),
                                                 d.Spec("rollouts", d.Id(1, 3))}})
                  .ok());
  EXPECT_EQ(d.Stats("rollouts").puts, 3u);
}

TEST_F(LeasesTest, CancelsARangeInAllQueuesAndTellsTheEnds) {
  for (uint64_t cursor : {1, 2, 3, 4}) d.Do(kProducer, PutCommand{d.Prompt(cursor)});
  d.Consume(kWorker, "prompts", /*tasks=*/2);
  const auto leased = d.Deliveries(kWorker);  // 1 and 2
  TaskSpec child = d.Spec("rollouts", d.Id(2, 1));
  child.obituaries = "scored";
  d.Do(kWorker, EmitCommand{leased[1].token, {child}});
  EXPECT_TRUE(d.StatusOf(kProducer, CancelCommand{7, 1, 2, 3}).ok());
  const auto lost = d.Lost(kWorker);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].id, d.Id(2));
  EXPECT_EQ(d.Stats("rollouts").ready, 0u);
  EXPECT_EQ(d.Stats("prompts").ready + d.Stats("prompts").leased, 2u);
  d.Consume(kOther, "scored");
  std::vector<TaskId> told;
  for (const DeliverEvent& each : d.Deliveries(kOther)) {
    EXPECT_EQ(each.obituary->reason, EndReason::kCancelled);
    if (each.id == d.Id(2)) {
      EXPECT_THAT(each.obituary->emitted, ElementsAre(d.Id(2, 1)));
    }
    told.push_back(each.id);
  }
  EXPECT_THAT(told, testing::UnorderedElementsAre(d.Id(2), d.Id(3), d.Id(2, 1)));
}

TEST_F(LeasesTest, KeepsARefusedSettleLeased) {
  MachineConfig config = MachineDriver::Config();
  config.queue_bytes = 100;
  MachineDriver tight(config);
  ASSERT_TRUE(tight.Hello(kWorker).ok());
  tight.Consume(kWorker, "prompts");
  tight.Do(kWorker, PutCommand{tight.Prompt(1)});
  const DeliverEvent delivery = tight.Delivered(kWorker);
  EXPECT_EQ(tight
                .StatusOf(kWorker, SettleCommand{delivery.token,
                                                 "prompts",
                                                 delivery.id,
                                                 {tight.Spec("rollouts", tight.Id(1, 1), 10),
                                                  tight.Spec("rollouts", tight.Id(1, 2), 101)}})
                .code(),
            StatusCode::kResourceExhausted);
  EXPECT_EQ(tight.Stats("prompts").leased, 1u);
  EXPECT_EQ(tight.Stats("rollouts").puts, 0u) << "all children or none";
}

}  // namespace
}  // namespace cohort
