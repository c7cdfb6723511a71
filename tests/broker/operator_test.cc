// What operators may ask of the queue machine, and what producers hear while they wait.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/broker/machine_driver.h"

namespace cohort {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr SessionId kProducer = 1;
constexpr SessionId kWorker = 2;
constexpr SessionId kOperator = 4;

class OperatorTest : public testing::Test {
 protected:
  explicit OperatorTest(const MachineConfig& config = MachineDriver::Config()) : d(config) {
    EXPECT_TRUE(d.Hello(kProducer, "learner", {}, Role::kLearner).ok());
    EXPECT_TRUE(d.Hello(kWorker).ok());
    EXPECT_TRUE(d.Hello(kOperator, "hand", {}, Role::kOperator).ok());
  }
  void Wait(Duration by) { d.AdvanceAlive(by, {kProducer, kWorker, kOperator}); }
  // A prompt that has failed as often as it may.
  void Bury(uint64_t cursor, TaskSpec spec) {
    spec.id = d.Id(cursor);
    spec.max_attempts = 1;
    d.Do(kProducer, PutCommand{spec});
    d.Consume(kWorker, spec.queue);
    d.Do(kWorker, FailCommand{d.Delivered(kWorker).token, "no luck"});
    d.Do(kWorker, CreditCommand{spec.queue, 0, 0});
  }
  void Bury(uint64_t cursor) { Bury(cursor, d.Prompt(cursor)); }
  std::vector<TaskId> Peeked(TaskState state, uint32_t limit = 100) {
    std::vector<TaskId> ids;
    for (const TaskSummary& task :
         d.Operate(kOperator, PeekCommand{"prompts", state, limit}).tasks) {
      EXPECT_EQ(task.state, state);
      ids.push_back(task.id);
    }
    return ids;
  }

  MachineDriver d;
};

// Queues that hold one task each.
class NarrowOperatorTest : public OperatorTest {
 protected:
  NarrowOperatorTest() : OperatorTest(Narrow()) {}
  static MachineConfig Narrow() {
    MachineConfig config = MachineDriver::Config();
    config.queue_tasks = 1;
    return config;
  }
};

TEST_F(OperatorTest, RefusesEverybodyElse) {
  d.Do(kProducer, PutCommand{d.Prompt(1)});
  const Verb verbs[] = {
      PeekCommand{"prompts", TaskState::kReady, 1}, ReviveCommand{"prompts", std::nullopt},
      PurgeCommand{"prompts", PurgeScope::kAll}, PauseCommand{"prompts"}, ResumeCommand{"prompts"}};
  for (const Verb& verb : verbs) {
    for (SessionId session : {kProducer, kWorker}) {
      EXPECT_EQ(d.StatusOf(session, verb).code(), StatusCode::kPermissionDenied);
    }
    EXPECT_EQ(d.Stats("prompts").ready, 1u);
    EXPECT_FALSE(d.Stats("prompts").paused);
  }
}

TEST_F(OperatorTest, NamesTheQueuesThatThereAreWhenThereIsNoneOfThisName) {
  d.Do(kProducer, PutCommand{d.Prompt(1)});
  const Status status = d.StatusOf(kOperator, PauseCommand{"promts"});
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("prompts, rollouts, scored"));
}

// --- peek

TEST_F(OperatorTest, PeeksAtTasksOfEachState) {
  Bury(5);
  for (uint64_t cursor : {1, 2, 3, 4}) d.Do(kProducer, PutCommand{d.Prompt(cursor)});
  d.Consume(kWorker, "prompts", /*tasks=*/4);  // since its hello: the first was the dead one
  const auto leased = d.Deliveries(kWorker);
  d.Do(kWorker, AcceptCommand{leased[0].token});
  d.Do(kWorker, FailCommand{leased[1].token, "no luck"});
  EXPECT_THAT(Peeked(TaskState::kReady), ElementsAre(d.Id(4)));
  EXPECT_THAT(Peeked(TaskState::kAccepted), ElementsAre(d.Id(1)));
  EXPECT_THAT(Peeked(TaskState::kDelayed), ElementsAre(d.Id(2)));
  EXPECT_THAT(Peeked(TaskState::kLeased), ElementsAre(d.Id(3)));
  EXPECT_THAT(Peeked(TaskState::kDead), ElementsAre(d.Id(5)));
}

TEST_F(OperatorTest, PeeksAtWhatIsDueFirstAndNoMoreThanAsked) {
  for (uint64_t cursor : {1, 2, 3}) d.Do(kProducer, PutCommand{d.Prompt(cursor)});
  TaskSpec urgent = d.Prompt(9);
  urgent.priority = 5;
  d.Do(kProducer, PutCommand{urgent});
  EXPECT_THAT(Peeked(TaskState::kReady, 2), ElementsAre(d.Id(9), d.Id(1)));
}

TEST_F(OperatorTest, PeeksAtHolderAgeAndTheReasonsOfAllAttempts) {
  d.Do(kProducer, PutCommand{d.Prompt(1)});
  d.Consume(kWorker, "prompts");
  d.Do(kWorker, FailCommand{d.Delivered(kWorker).token, "first"});
  Wait(Seconds(2));
  EXPECT_EQ(d.Deliveries(kWorker).size(), 1u);
  const auto tasks = d.Operate(kOperator, PeekCommand{"prompts", TaskState::kLeased, 9}).tasks;
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].holder, "worker-2");
  EXPECT_EQ(tasks[0].attempts, 1u);
  EXPECT_EQ(tasks[0].bytes, 10u);
  EXPECT_DOUBLE_EQ(tasks[0].age_seconds, 2);
  EXPECT_THAT(tasks[0].reasons, ElementsAre("attempt 1 by worker-2: first"));
  EXPECT_FALSE(tasks[0].obituary.has_value());
  Bury(2);
  const auto told = d.Operate(kOperator, PeekCommand{"scored", TaskState::kReady, 9}).tasks;
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].obituary, EndReason::kDead);
}

// --- revive

TEST_F(OperatorTest, RevivesADeadLetterAndTakesItsObituaryBack) {
  Bury(1);
  EXPECT_EQ(d.Stats("scored").ready, 1u);
  const OperatorReport report = d.Operate(kOperator, ReviveCommand{"prompts", d.Id(1)});
  EXPECT_EQ(report.done, 1u);
  EXPECT_EQ(d.Stats("prompts").dead, 0u);
  EXPECT_EQ(d.Stats("scored").ready, 0u);
  EXPECT_EQ(d.Queue("prompts").totals.revived, 1u);
  d.Consume(kWorker, "prompts");
  const DeliverEvent again = d.Delivered(kWorker);
  EXPECT_EQ(again.token.attempt, 1u) << "its attempts are fresh";
  // Should it die again, that is told as if it were the first time.
  d.Do(kWorker, FailCommand{again.token, "no luck again"});
  d.Consume(kProducer, "scored");
  EXPECT_EQ(d.Delivered(kProducer).obituary->detail,
            "attempt 1 by worker-2: no luck; revived by hand; "
            "attempt 1 by worker-2: no luck again");
}

TEST_F(OperatorTest, AChildOfARevivedTaskIsNotTakenForItsObituary) {
  TaskSpec spec = d.Spec("rollouts", d.Id(1, 1));
  spec.obituaries = "scored";
  spec.results = "scored";
  Bury(1, spec);
  EXPECT_EQ(d.Operate(kOperator, ReviveCommand{"rollouts", std::nullopt}).done, 1u);
  d.Consume(kWorker, "rollouts");
  const DeliverEvent again = d.Delivered(kWorker);
  EXPECT_TRUE(
      d.StatusOf(kWorker,
                 SettleCommand{again.token, "rollouts", again.id, {d.Spec("scored", again.id)}})
          .ok());
  EXPECT_EQ(d.Stats("scored").ready, 1u) << "its score has the same id as the obituary had";
}

TEST_F(OperatorTest, RefusesToReviveWhatHasBeenToldOrIsBeingTold) {
  Bury(1);
  d.Consume(kProducer, "scored");
  const DeliverEvent told = d.Delivered(kProducer);
  const Status being = d.StatusOf(kOperator, ReviveCommand{"prompts", d.Id(1)});
  EXPECT_EQ(being.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(being.message(), HasSubstr("told to learner"));
  d.Do(kProducer, SettleCommand{told.token, "scored", told.id, {}});
  const Status status = d.StatusOf(kOperator, ReviveCommand{"prompts", d.Id(1)});
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("queue scored has told its end"));
  EXPECT_EQ(d.Stats("prompts").dead, 1u);
}

TEST_F(NarrowOperatorTest, RefusesToReviveBelowTheFloorAndWithoutRoom) {
  for (uint64_t cursor : {1, 2, 3}) Bury(cursor, d.Spec("prompts", d.Id(cursor)));
  d.Do(kProducer, FloorCommand{"prompts", 7, 1, 2});
  EXPECT_THAT(d.StatusOf(kOperator, ReviveCommand{"prompts", d.Id(1)}).message(),
              HasSubstr("below the queue's floor"));
  const OperatorReport report = d.Operate(kOperator, ReviveCommand{"prompts", std::nullopt});
  EXPECT_EQ(report.done, 1u) << "there is room for one";
  EXPECT_EQ(report.refused, 2u);
  EXPECT_EQ(d.StatusOf(kOperator, ReviveCommand{"prompts", d.Id(3)}).code(),
            StatusCode::kResourceExhausted);
  EXPECT_EQ(d.StatusOf(kOperator, ReviveCommand{"prompts", d.Id(2)}).code(), StatusCode::kNotFound)
      << "it lives";
}

TEST_F(OperatorTest, RefusesToRevivePastTheDeadline) {
  TaskSpec timed = d.Spec("prompts", d.Id(1));
  timed.deadline_seconds = 10;
  Bury(1, timed);
  Wait(Seconds(11));
  EXPECT_THAT(d.StatusOf(kOperator, ReviveCommand{"prompts", d.Id(1)}).message(),
              HasSubstr("past its deadline"));
}

TEST_F(OperatorTest, ARevivedTaskStillExpiresAtItsDeadline) {
  TaskSpec timed = d.Prompt(1);
  timed.deadline_seconds = 10;
  Bury(1, timed);
  EXPECT_EQ(d.Operate(kOperator, ReviveCommand{"prompts", d.Id(1)}).done, 1u);
  Wait(Seconds(11));
  d.Consume(kProducer, "scored");
  EXPECT_EQ(d.Delivered(kProducer).obituary->reason, EndReason::kExpired);
}

// --- purge

TEST_F(OperatorTest, PurgesWhatNobodyHasBegunAndTellsTheEnds) {
  for (uint64_t cursor : {1, 2, 3}) d.Do(kProducer, PutCommand{d.Prompt(cursor)});
  d.Consume(kWorker, "prompts", /*tasks=*/2);
  const auto leased = d.Deliveries(kWorker);
  d.Do(kWorker, FailCommand{leased[0].token, "no luck"});
  EXPECT_EQ(d.Operate(kOperator, PurgeCommand{"prompts", PurgeScope::kReady}).done, 2u);
  EXPECT_EQ(d.Stats("prompts").leased, 1u);
  EXPECT_EQ(d.Stats("prompts").ready + d.Stats("prompts").delayed, 0u);
  EXPECT_EQ(d.Queue("prompts").totals.purged, 2u);
  d.Consume(kProducer, "scored");
  std::vector<TaskId> told;
  for (const DeliverEvent& each : d.Deliveries(kProducer)) {
    EXPECT_EQ(each.obituary->reason, EndReason::kPurged);
    EXPECT_EQ(each.obituary->detail, "purged by hand");
    told.push_back(each.id);
  }
  EXPECT_THAT(told, testing::UnorderedElementsAre(d.Id(1), d.Id(3)));
  Wait(Seconds(5));
  EXPECT_EQ(d.Stats("prompts").ready, 0u) << "a retry must not come back from the dead";
  d.Do(kProducer, PutCommand{d.Prompt(3)});
  EXPECT_EQ(d.Stats("prompts").ready, 0u) << "it is known";
}

TEST_F(OperatorTest, PurgesLeasedTasksTooWhenAskedButNotAcceptedOnes) {
  for (uint64_t cursor : {1, 2}) d.Do(kProducer, PutCommand{d.Prompt(cursor)});
  d.Consume(kWorker, "prompts");
  const auto leased = d.Deliveries(kWorker);
  d.Do(kWorker, AcceptCommand{leased[0].token});
  EXPECT_EQ(d.Operate(kOperator, PurgeCommand{"prompts", PurgeScope::kAll}).done, 1u);
  const auto lost = d.Lost(kWorker);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].id, d.Id(2));
  EXPECT_EQ(d.StatusOf(kWorker, SettleCommand{leased[1].token, "prompts", d.Id(2), {}}).code(),
            StatusCode::kNotFound);
  EXPECT_TRUE(d.StatusOf(kWorker, SettleCommand{leased[0].token, "prompts", d.Id(1), {}}).ok());
}

TEST_F(OperatorTest, PurgesDeadLettersWithoutTellingTheirEndTwice) {
  Bury(1);
  d.Do(kProducer, PutCommand{d.Prompt(2)});
  EXPECT_EQ(d.Operate(kOperator, PurgeCommand{"prompts", PurgeScope::kDead}).done, 1u);
  EXPECT_EQ(d.Stats("prompts").dead, 0u);
  EXPECT_EQ(d.Stats("prompts").ready, 1u);
  EXPECT_EQ(d.Queue("scored").totals.obituaries, 1u);
}

TEST_F(OperatorTest, NeverPurgesWhatTellsOfAnotherTasksEnd) {
  Bury(1);
  const OperatorReport report = d.Operate(kOperator, PurgeCommand{"scored", PurgeScope::kAll});
  EXPECT_EQ(report.done, 0u);
  EXPECT_EQ(report.refused, 1u);
  EXPECT_THAT(report.reason, HasSubstr("another task's end"));
  EXPECT_EQ(d.Stats("scored").ready, 1u);
}

// --- pause

TEST_F(OperatorTest, APausedQueueDeliversNothingAndSaysWhy) {
  d.Do(kProducer, PutCommand{d.Prompt(1)});
  d.Operate(kOperator, PauseCommand{"prompts"});
  d.Consume(kWorker, "prompts");
  Wait(Seconds(60));
  EXPECT_THAT(d.Deliveries(kWorker), IsEmpty());
  EXPECT_TRUE(d.Stats("prompts").paused);
  EXPECT_THAT(d.Stats("prompts").waits_for, HasSubstr("paused"));
  EXPECT_DOUBLE_EQ(d.Stats("prompts").waits_since_seconds, 60);
  d.Operate(kOperator, ResumeCommand{"prompts"});
  EXPECT_EQ(d.Delivered(kWorker).id, d.Id(1));
  EXPECT_FALSE(d.Stats("prompts").paused);
}

TEST_F(OperatorTest, APausedQueueTakesPutsAndAnswersAndHoldsUpNoOther) {
  for (uint64_t cursor : {1, 2}) d.Do(kProducer, PutCommand{d.Prompt(cursor)});
  d.Consume(kWorker, "prompts", /*tasks=*/1);
  const DeliverEvent delivery = d.Delivered(kWorker);
  d.Operate(kOperator, PauseCommand{"prompts"});
  d.Operate(kOperator, PauseCommand{"prompts"});
  EXPECT_TRUE(d.StatusOf(kProducer, PutCommand{d.Prompt(3)}).ok());
  EXPECT_TRUE(
      d.StatusOf(
           kWorker,
           SettleCommand{delivery.token, "prompts", delivery.id, {d.Spec("rollouts", d.Id(1, 1))}})
          .ok());
  d.Consume(kWorker, "rollouts");
  EXPECT_EQ(d.Delivered(kWorker).id, d.Id(1, 1));
}

// --- producers that wait

TEST_F(NarrowOperatorTest, TellsAProducerOnceWhichQueueHoldsItsPutBack) {
  d.Do(kProducer, PutCommand{d.Prompt(1)});
  const uint64_t second = d.Do(kProducer, PutCommand{d.Prompt(2)});
  Wait(Seconds(0.5));
  const uint64_t third = d.Do(kProducer, PutCommand{d.Prompt(3)});
  EXPECT_THAT(d.HeldBack(kProducer), IsEmpty()) << "a moment is no news";
  Wait(Seconds(0.6));
  auto held = d.HeldBack(kProducer);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].number, second);
  EXPECT_EQ(held[0].queue, "prompts");
  EXPECT_EQ(held[0].why, "full");
  EXPECT_NEAR(held[0].since_seconds, 1.1, 0.01);
  Wait(Seconds(0.6));
  held = d.HeldBack(kProducer);
  ASSERT_EQ(held.size(), 1u) << "each put once";
  EXPECT_EQ(held[0].number, third);
  Wait(Seconds(20));
  EXPECT_THAT(d.HeldBack(kProducer), IsEmpty());
  EXPECT_FALSE(d.Answered(kProducer, second));
  d.Operate(kOperator, PurgeCommand{"prompts", PurgeScope::kReady});
  EXPECT_TRUE(d.Answered(kProducer, second)) << "there is room now";
}

// --- sight

TEST_F(OperatorTest, CountsHowLongTasksWaitedForTheirFirstDelivery) {
  d.Do(kProducer, PutCommand{d.Prompt(1)});
  Wait(Seconds(5));
  d.Do(kProducer, PutCommand{d.Prompt(2)});
  d.Consume(kWorker, "prompts");
  const auto leased = d.Deliveries(kWorker);
  d.Do(kWorker, ReleaseCommand{leased[0].token});
  const WaitTimes waits = d.Queue("prompts").totals.waits;
  EXPECT_EQ(waits.counts[0], 1u);
  EXPECT_EQ(waits.counts[8], 1u) << "from 3 to 10 s";
  EXPECT_EQ(std::accumulate(waits.counts.begin(), waits.counts.end(), 0u), 2u)
      << "redeliveries do not count";
  EXPECT_DOUBLE_EQ(waits.sum, 5);
}

}  // namespace
}  // namespace cohort
