// Credit, bounds, order, priorities, fairness, dedupe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/machine_driver.h"

namespace cohort {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr SessionId kProducer = 1;
constexpr SessionId kWorker = 2;
constexpr SessionId kOther = 3;

class FlowTest : public testing::Test {
 protected:
  explicit FlowTest(const MachineConfig& config = Small()) : d(config) {
    for (SessionId session : {kProducer, kWorker, kOther}) EXPECT_TRUE(d.Hello(session).ok());
  }
  static MachineConfig Small() {
    MachineConfig config = MachineDriver::Config();
    config.queue_tasks = 4;
    config.queue_bytes = 1000;
    return config;
  }
  uint64_t Put(const std::string& queue, uint64_t cursor, size_t bytes = 10, uint8_t priority = 0) {
    TaskSpec spec = d.Spec(queue, d.Id(cursor), bytes);
    spec.priority = priority;
    return d.Do(kProducer, PutCommand{std::move(spec)});
  }
  std::vector<uint64_t> Cursors(SessionId session) {
    std::vector<uint64_t> cursors;
    for (const DeliverEvent& each : d.Deliveries(session)) cursors.push_back(each.id.cursor);
    return cursors;
  }
  MachineDriver d;
};

TEST_F(FlowTest, KnowsATaskThatIsPutAgain) {
  EXPECT_FALSE(d.Answer(kProducer, Put("q", 1)).known_before);
  EXPECT_TRUE(d.Answer(kProducer, Put("q", 1)).known_before);
  d.Consume(kWorker, "q");
  const DeliverEvent delivery = d.Delivered(kWorker);
  d.Do(kWorker, SettleCommand{delivery.token, "q", delivery.id, {}});
  EXPECT_TRUE(d.Answer(kProducer, Put("q", 1)).known_before) << "settled tasks are remembered";
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty());
}

TEST_F(FlowTest, TheSameIdInAnotherQueueIsAnotherTask) {
  Put("q", 1);
  EXPECT_FALSE(d.Answer(kProducer, Put("r", 1)).known_before);
}

TEST_F(FlowTest, ForgetsBelowTheFloorAndTakesNothingThereAnyMore) {
  d.Consume(kWorker, "q");
  for (uint64_t cursor : {1, 2, 3}) {
    Put("q", cursor);
    const DeliverEvent delivery = d.Delivered(kWorker);
    if (cursor != 2) d.Do(kWorker, SettleCommand{delivery.token, "q", delivery.id, {}});
  }
  d.Do(kProducer, FloorCommand{"q", 7, 1, 3});
  EXPECT_TRUE(d.Answer(kProducer, Put("q", 1)).known_before) << "a late repetition";
  EXPECT_EQ(d.Stats("q").leased, 1u) << "what lives below the floor lives on";
  EXPECT_FALSE(d.Answer(kProducer, Put("q", 4)).known_before);
}

TEST_F(FlowTest, NeverSendsMoreTasksThanWereAskedFor) {
  for (uint64_t cursor : {1, 2, 3, 4}) Put("q", cursor);
  d.Consume(kWorker, "q", 3);
  EXPECT_THAT(Cursors(kWorker), ElementsAre(1, 2, 3));
  EXPECT_EQ(d.Stats("q").waits_for, "a consumer with credit");
  d.Do(kWorker, CreditCommand{"q", 4, 1000});
  EXPECT_THAT(Cursors(kWorker), ElementsAre(4));
}

TEST_F(FlowTest, AnyPositiveRestOfBytesAdmitsOneTask) {
  for (uint64_t cursor : {1, 2, 3}) Put("q", cursor, 100);
  d.Consume(kWorker, "q", 100, 101);
  EXPECT_THAT(Cursors(kWorker), ElementsAre(1, 2));
  d.Do(kWorker, CreditCommand{"q", 100, 200});
  EXPECT_THAT(Cursors(kWorker), IsEmpty()) << "200 bytes were sent: nothing is left";
  d.Do(kWorker, CreditCommand{"q", 100, 201});
  EXPECT_THAT(Cursors(kWorker), ElementsAre(3));
}

TEST_F(FlowTest, CreditThatIsTakenBackStopsDelivery) {
  d.Consume(kWorker, "q", 10);
  Put("q", 1);
  d.Do(kWorker, CreditCommand{"q", 1, 1000});
  Put("q", 2);
  EXPECT_THAT(Cursors(kWorker), ElementsAre(1));
}

TEST_F(FlowTest, HoldsPutsBackUntilThereIsRoomInOrder) {
  for (uint64_t cursor : {1, 2, 3, 4}) Put("q", cursor);
  const uint64_t fifth = Put("q", 5);
  const uint64_t sixth = Put("q", 6);
  EXPECT_FALSE(d.Answered(kProducer, fifth));
  EXPECT_EQ(d.Queue("q").held_back_puts, 2u);
  d.Consume(kWorker, "q", 2);
  const auto deliveries = d.Deliveries(kWorker);
  EXPECT_FALSE(d.Answered(kProducer, fifth)) << "leased tasks count";
  d.Do(kWorker, SettleCommand{deliveries[0].token, "q", deliveries[0].id, {}});
  EXPECT_TRUE(d.Answered(kProducer, fifth));
  EXPECT_FALSE(d.Answered(kProducer, sixth));
  d.Do(kWorker, AcceptCommand{deliveries[1].token});
  EXPECT_TRUE(d.Answered(kProducer, sixth)) << "accepted tasks do not";
}

TEST_F(FlowTest, AKnownTaskNeedsNoRoom) {
  for (uint64_t cursor : {1, 2, 3, 4}) Put("q", cursor);
  EXPECT_TRUE(d.Answer(kProducer, Put("q", 2)).known_before);
}

TEST_F(FlowTest, RefusesATaskThatIsLargerThanItsQueue) {
  EXPECT_EQ(d.Answer(kProducer, Put("q", 1, 1001)).status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(d.Stats("q").refused, 1u);
  EXPECT_TRUE(d.Answer(kProducer, Put("q", 1, 1000)).status.ok());
}

TEST_F(FlowTest, RefusesMorePutsThanTheWindow) {
  MachineConfig config = Small();
  config.waiting_tasks = 2;
  MachineDriver tight(config);
  ASSERT_TRUE(tight.Hello(kProducer).ok());
  uint64_t last = 0;
  for (uint64_t cursor = 1; cursor <= 7; ++cursor) {
    last = tight.Do(kProducer, PutCommand{tight.Spec("q", tight.Id(cursor))});
  }
  EXPECT_EQ(tight.Answer(kProducer, last).status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(tight.Queue("q").held_back_puts, 2u);
}

TEST_F(FlowTest, ARepeatedHelloDropsHeldBackPutsForTheyComeAgain) {
  for (uint64_t cursor : {1, 2, 3, 4, 5}) Put("q", cursor);
  EXPECT_EQ(d.Queue("q").held_back_puts, 1u);
  ASSERT_TRUE(d.Hello(kProducer).ok());
  EXPECT_EQ(d.Queue("q").held_back_puts, 0u);
}

TEST_F(FlowTest, SettlesAreNeverHeldBackAndAFullResultQueueStopsItsSource) {
  for (uint64_t cursor : {1, 2, 3}) d.Do(kProducer, PutCommand{d.Prompt(cursor)});
  d.Consume(kWorker, "prompts", 1);
  const DeliverEvent first = d.Delivered(kWorker);
  std::vector<TaskSpec> children;
  for (uint32_t index = 1; index <= 6; ++index) {
    children.push_back(d.Spec("rollouts", d.Id(1, index)));
  }
  EXPECT_TRUE(d.StatusOf(kWorker, SettleCommand{first.token, "prompts", first.id, children}).ok());
  EXPECT_EQ(d.Stats("rollouts").ready, 6u) << "beyond its bound of 4";
  d.Do(kWorker, CreditCommand{"prompts", 10, 1000});
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty());
  EXPECT_EQ(d.Stats("prompts").waits_for, "room in rollouts");
  const Duration waited = Seconds(5);
  d.AdvanceAlive(waited, {kProducer, kWorker, kOther});
  EXPECT_DOUBLE_EQ(d.Stats("prompts").waits_since_seconds, 5.0);
  d.Consume(kOther, "rollouts");
  const auto rollouts = d.Deliveries(kOther);
  for (size_t i = 0; i < 2; ++i) {
    d.Do(kOther, SettleCommand{rollouts[i].token, "rollouts", rollouts[i].id, {}});
  }
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty()) << "four are left: full";
  d.Do(kOther, SettleCommand{rollouts[2].token, "rollouts", rollouts[2].id, {}});
  EXPECT_EQ(d.Deliveries(kWorker).size(), 2u);
}

TEST_F(FlowTest, RefusesAQueueThatIsItsOwnResult) {
  TaskSpec spec = d.Spec("q", d.Id(1));
  spec.results = "q";
  EXPECT_EQ(d.StatusOf(kProducer, PutCommand{spec}).code(), StatusCode::kInvalidArgument);
}

TEST_F(FlowTest, DeliversRedeliveredTasksFirstThenInOrderOfPut) {
  for (uint64_t cursor : {1, 2, 3}) Put("q", cursor);
  d.Consume(kWorker, "q", 2);
  const auto deliveries = d.Deliveries(kWorker);
  d.Do(kWorker, ReleaseCommand{deliveries[1].token});
  d.Do(kWorker, ReleaseCommand{deliveries[0].token});
  Put("q", 4);
  d.Consume(kOther, "q");
  EXPECT_THAT(Cursors(kOther), ElementsAre(1, 2, 3, 4));
}

TEST_F(FlowTest, OneDeliveryInEightGoesToALowerPriority) {
  MachineDriver many;
  ASSERT_TRUE(many.Hello(kProducer).ok());
  for (uint64_t cursor = 1; cursor <= 32; ++cursor) {
    TaskSpec spec = many.Spec("q", many.Id(cursor));
    spec.priority = cursor <= 24 ? 9 : cursor <= 28 ? 5 : 1;
    many.Do(kProducer, PutCommand{spec});
  }
  many.Consume(kProducer, "q", 16);
  std::vector<uint64_t> cursors;
  for (const DeliverEvent& each : many.Deliveries(kProducer)) cursors.push_back(each.id.cursor);
  EXPECT_THAT(cursors, ElementsAre(1, 2, 3, 4, 5, 6, 7, 25, 8, 9, 10, 11, 12, 13, 14, 26));
}

TEST_F(FlowTest, NoPriorityStarves) {
  MachineDriver busy;
  ASSERT_TRUE(busy.Hello(kProducer).ok());
  const auto put = [&](uint64_t cursor, uint8_t priority) {
    TaskSpec spec = busy.Spec("q", busy.Id(cursor));
    spec.priority = priority;
    busy.Do(kProducer, PutCommand{spec});
  };
  put(1, 0);
  put(2, 1);
  for (uint64_t cursor = 3; cursor <= 5; ++cursor) put(cursor, 2);
  busy.Do(kProducer, SubscribeCommand{"q"});
  std::vector<uint64_t> low;
  for (uint64_t granted = 1; granted <= 24; ++granted) {
    put(100 + granted, 2);  // the highest priority never runs out
    busy.Do(kProducer, CreditCommand{"q", granted, 1 << 20});
    for (const DeliverEvent& each : busy.Deliveries(kProducer)) {
      if (each.id.cursor <= 2) low.push_back(each.id.cursor);
    }
  }
  EXPECT_THAT(low, ElementsAre(1, 2));
}

TEST_F(FlowTest, ConsumersWithCreditTakeTurns) {
  d.Consume(kWorker, "q");
  d.Consume(kOther, "q");
  for (uint64_t cursor : {1, 2, 3, 4}) Put("q", cursor);
  EXPECT_THAT(Cursors(kWorker), ElementsAre(1, 3));
  EXPECT_THAT(Cursors(kOther), ElementsAre(2, 4));
}

class RowTest : public FlowTest {
 protected:
  RowTest() : FlowTest(MachineDriver::Config()) {}
  // All of them are due at once.
  void PutTogether(std::vector<uint64_t> cursors) {
    std::vector<Verb> puts;
    for (uint64_t cursor : cursors) puts.push_back(PutCommand{d.Spec("q", d.Id(cursor))});
    d.DoTogether(kProducer, std::move(puts));
  }
};

TEST_F(RowTest, WhoeverHasRoomForManyGetsSeveralInARow) {
  d.Consume(kWorker, "q", 32);
  d.Consume(kOther, "q", 32);
  PutTogether({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  EXPECT_THAT(Cursors(kWorker), ElementsAre(1, 2, 3, 4, 9, 10, 11));
  EXPECT_THAT(Cursors(kOther), ElementsAre(5, 6, 7, 8, 12));
}

TEST_F(RowTest, WhoeverGotSeveralIsPassedOverAsOften) {
  d.Consume(kWorker, "q", 32);
  d.Consume(kOther, "q", 15);
  PutTogether({1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_THAT(Cursors(kWorker), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Cursors(kOther), ElementsAre(5, 6, 7, 8));
}

TEST_F(RowTest, ARowEndsWithWhatIsDueAtOnce) {
  d.Consume(kWorker, "q", 32);
  d.Consume(kOther, "q", 32);
  for (uint64_t cursor : {1, 2, 3, 4}) PutTogether({cursor});
  EXPECT_THAT(Cursors(kWorker), ElementsAre(1, 3));
  EXPECT_THAT(Cursors(kOther), ElementsAre(2, 4));
}

TEST_F(RowTest, ARowEndsWhereItsConsumerLeaves) {
  d.Consume(kWorker, "q", 32);
  d.Consume(kOther, "q", 32);
  PutTogether({1, 2});
  d.Disconnect(kWorker);
  PutTogether({3, 4});
  EXPECT_THAT(Cursors(kOther), ElementsAre(3, 4));
}

TEST_F(FlowTest, CancellingAHeldBackPutAnswersIt) {
  uint64_t last = 0;
  for (uint64_t cursor : {1, 2, 3, 4, 5}) last = Put("q", cursor);
  d.Do(kOther, CancelCommand{7, 1, 5, 5});
  EXPECT_EQ(d.Answer(kProducer, last).status.code(), StatusCode::kFailedPrecondition);
}

TEST_F(FlowTest, RefusesMoreQueuesThanItMayHave) {
  MachineConfig config = Small();
  config.queues = 2;
  MachineDriver few(config);
  ASSERT_TRUE(few.Hello(kProducer).ok());
  for (const char* queue : {"a", "b"}) {
    EXPECT_TRUE(few.StatusOf(kProducer, PutCommand{few.Spec(queue, few.Id(1))}).ok());
  }
  EXPECT_EQ(few.StatusOf(kProducer, PutCommand{few.Spec("c", few.Id(1))}).code(),
            StatusCode::kResourceExhausted);
}

TEST_F(FlowTest, WithoutRoomOnDiskPutsAndDeliveriesWaitAndEmitsAndSettlesDoNot) {
  MachineConfig config = MachineDriver::Config();
  config.durable = true;
  MachineDriver driver(config);
  ASSERT_TRUE(driver.Hello(1).ok());
  ASSERT_TRUE(driver.Hello(2).ok());
  driver.Do(1, PutCommand{MachineDriver::Prompt(1)});
  driver.Do(1, PutCommand{MachineDriver::Prompt(2)});
  driver.Consume(2, "prompts", /*tasks=*/1);
  const LeaseToken token = driver.Delivered(2).token;

  driver.machine.RefusePuts("no space left");
  const Status refused = driver.StatusOf(1, PutCommand{MachineDriver::Prompt(3)});
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  driver.Consume(2, "prompts", /*tasks=*/2);
  EXPECT_TRUE(driver.Deliveries(2).empty());
  // A settle names what was not emitted before: had the emit been refused, the sample would be
  // lost.
  const TaskSpec first = MachineDriver::Spec("rollouts", MachineDriver::Id(1, 1));
  const TaskSpec second = MachineDriver::Spec("rollouts", MachineDriver::Id(1, 2));
  EXPECT_TRUE(driver.StatusOf(2, EmitCommand{token, {first}}).ok());
  EXPECT_TRUE(
      driver.StatusOf(2, SettleCommand{token, "prompts", MachineDriver::Id(1), {second}}).ok());
  EXPECT_EQ(driver.Stats("rollouts").ready, 2u);

  driver.machine.RefusePuts("");
  driver.Step(Seconds(0.1));
  EXPECT_EQ(driver.Delivered(2).id, MachineDriver::Id(2));
}

}  // namespace
}  // namespace cohort
