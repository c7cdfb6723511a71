// `cohort queues` against a broker that serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libs/run/run_directory.h"
#include "tests/broker/live_broker.h"
#include "tests/cli/cohort_program.h"

namespace cohort {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class QueuesTest : public testing::Test {
 protected:
  // The grace after its start is over at once, so that it is no reason to wait.
  static MachineConfig WithoutGrace() {
    MachineConfig config = LiveBroker::QuickConfig();
    config.restart_grace = Duration(0);
    return config;
  }
  QueuesTest() : broker_(endpoint_, WithoutGrace()) {
    EXPECT_TRUE(RunDirectory::Prepare(folder_.path()).ok());
    learner_ = ConnectTo(endpoint_, Role::kLearner, "learner");
    worker_ = ConnectTo(endpoint_, Role::kActor, "actor-1");
  }
  // `words`: the verb, %: the run, and what follows.
  ProgramResult Queues(std::string words) {
    words.replace(words.find('%'), 1, folder_.path().string() + " --endpoint " + endpoint_);
    return RunCohort("queues " + words);
  }
  void Put(uint64_t cursor, uint32_t max_attempts = 0) {
    NewTask task;
    task.queue = "prompts.main";
    task.id = Id(cursor);
    task.body = std::string(100, 'x');
    task.obituaries = "scored.main";
    task.max_attempts = max_attempts;
    learner_->Put(task, cursor);
    EXPECT_TRUE(NextOf<Answer>(*learner_)->status.ok());
  }
  void Bury(uint64_t cursor) {
    Put(cursor, 1);
    worker_->Subscribe("prompts.main");
    worker_->Grant("prompts.main", 1, 1 << 20);
    const auto delivery = NextOf<Delivery>(*worker_);
    ASSERT_TRUE(delivery.has_value());
    worker_->Grant("prompts.main", 0, 0);
    worker_->Fail(delivery->token, "no luck");
    const SystemClock clock;
    const Time until = clock.Now() + kPatience;
    while (clock.Now() < until) {  // each question is a round trip
      const auto dead = worker_->Stats(kPatience);
      ASSERT_TRUE(dead.ok());
      for (const QueueStats& queue : *dead) {
        if (queue.name == "prompts.main" && queue.dead > 0) return;
      }
    }
    ADD_FAILURE() << "it does not die";
  }
  static std::string Text(uint64_t cursor) { return Id(cursor).ToString(); }

  TestFolder folder_;
  const std::string endpoint_ = "ipc://" + folder_.path().string() + "/sockets/elsewhere";
  LiveBroker broker_;
  std::unique_ptr<BrokerClient> learner_, worker_;
};

TEST_F(QueuesTest, ListsAndPeeksForPeopleAndMachines) {
  Put(1);
  Put(2);
  const ProgramResult list = Queues("list %");
  EXPECT_EQ(list.code, 0) << list.err;
  EXPECT_THAT(list.out, StartsWith("queue "));
  EXPECT_THAT(list.out, HasSubstr("\nprompts.main "));
  EXPECT_THAT(list.out, HasSubstr("a consumer since "));
  const std::string lines = Queues("list % --json").out;
  const auto row = nlohmann::json::parse(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(row["queue"], "prompts.main");
  EXPECT_EQ(row["ready"], 2);
  EXPECT_EQ(row["paused"], false);

  EXPECT_THAT(Queues("peek % prompts.main").out, AllOf(HasSubstr(Text(1)), HasSubstr(Text(2))));
  EXPECT_THAT(Queues("peek % prompts.main --limit 1").out,
              AllOf(HasSubstr(Text(1)), Not(HasSubstr(Text(2)))));
  EXPECT_THAT(Queues("peek % prompts.main --state leased").out, Not(HasSubstr(Text(1))));
  const auto task = nlohmann::json::parse(Queues("peek % prompts.main --limit 1 --json").out);
  EXPECT_EQ(task["id"], Text(1));
  EXPECT_EQ(task["state"], "ready");
  EXPECT_EQ(task["bytes"], 100);
}

TEST_F(QueuesTest, ListsWhatIsDoneForTheOldestLeasedTask) {
  Put(1);
  worker_->Subscribe("prompts.main");
  worker_->Grant("prompts.main", 1, 1 << 20);
  const auto delivery = NextOf<Delivery>(*worker_);
  ASSERT_TRUE(delivery.has_value());
  worker_->SetPhase(delivery->token, "testing");
  ASSERT_TRUE(Eventually([&] { return learner_->Stats(kPatience)->at(0).phase == "testing"; }));
  EXPECT_THAT(Queues("list %").out, HasSubstr("  " + Text(1) + ": testing since "));
  const std::string lines = Queues("list % --json").out;
  const auto row = nlohmann::json::parse(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(row["phase"], "testing");
  EXPECT_EQ(row["phase_of"], Text(1));
}

TEST_F(QueuesTest, ShowsDeadLettersWithTheirReasonsAndRevivesThem) {
  EXPECT_EQ(Queues("dead %").out, "no dead letters\n");
  Bury(1);
  EXPECT_THAT(Queues("dead %").out, AllOf(StartsWith("prompts.main: 1 dead\n"), HasSubstr(Text(1)),
                                          EndsWith("\n    attempt 1 by actor-1: no luck\n")));
  EXPECT_EQ(Queues("revive % prompts.main " + Text(1)).out, "prompts.main: revived 1\n");
  EXPECT_EQ(Queues("dead %").out, "no dead letters\n");
  const ProgramResult again = Queues("revive % prompts.main " + Text(1));
  EXPECT_NE(again.code, 0);
  EXPECT_EQ(again.err, "cohort: queue prompts.main has no dead letter " + Text(1) + "\n");
  EXPECT_EQ(Queues("revive % prompts.main --all").out, "prompts.main: revived 0\n");
}

TEST_F(QueuesTest, SaysWhyADeadLetterStaysDead) {
  Bury(1);
  learner_->Subscribe("scored.main");
  learner_->Grant("scored.main", 1, 1);
  ASSERT_TRUE(NextOf<Delivery>(*learner_).has_value());
  const ProgramResult result = Queues("revive % prompts.main --all");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, StartsWith("prompts.main: revived 0, left 1 as they are ("));
  EXPECT_THAT(result.err, EndsWith("its end was told to learner\n"));
}

TEST_F(QueuesTest, PurgesAndSaysHowMany) {
  Put(1);
  Put(2);
  EXPECT_EQ(Queues("purge % prompts.main").out, "prompts.main: purged 0\n")
      << "dead letters only, unless more is asked for";
  EXPECT_EQ(Queues("purge % prompts.main --state ready").out, "prompts.main: purged 2\n");
  learner_->Subscribe("scored.main");
  learner_->Grant("scored.main", 2, 1);
  EXPECT_EQ(NextOf<Delivery>(*learner_)->obituary->reason, EndReason::kPurged);
}

TEST_F(QueuesTest, PausesAndResumes) {
  Put(1);
  EXPECT_THAT(Queues("pause % prompts.main").out, StartsWith("prompts.main: paused"));
  worker_->Subscribe("prompts.main");
  worker_->Grant("prompts.main", 1, 1);
  EXPECT_THAT(Queues("list %").out, HasSubstr("an operator to resume it (paused)"));
  EXPECT_EQ(Queues("resume % prompts.main").out, "prompts.main: delivers\n");
  EXPECT_EQ(NextOf<Delivery>(*worker_)->id, Id(1));
}

TEST_F(QueuesTest, FailsInOneLine) {
  Put(1);
  const ProgramResult none = Queues("pause % prompts.mian");
  EXPECT_NE(none.code, 0);
  EXPECT_EQ(none.err,
            "cohort: there is no queue prompts.mian; there are prompts.main, scored.main\n");
  const ProgramResult nowhere = Queues("peek % prompts.mian");
  EXPECT_EQ(nowhere.out, "");  // no head of a table that does not come
  EXPECT_THAT(nowhere.err, HasSubstr("there is no queue prompts.mian"));
  EXPECT_THAT(Queues("pause % 'a\nb'").err, HasSubstr("other than printable ASCII"));
  EXPECT_THAT(Queues("pause % " + std::string(300, 'q')).err, HasSubstr("longer than 256 bytes"));
  EXPECT_THAT(Queues("revive % prompts.main").err, HasSubstr("or --all"));
  EXPECT_THAT(Queues("revive % prompts.main nonsense").err, HasSubstr("is no task id"));
  const ProgramResult nobody =
      RunCohort("queues list " + folder_.path().string() + " --timeout 0.2 --endpoint ipc://" +
                folder_.path().string() + "/nobody");
  EXPECT_EQ(nobody.code, 1);
  EXPECT_THAT(nobody.err, HasSubstr("waiting for the broker at ipc://"));
  EXPECT_EQ(RunCohort("queues list no/such/run").code, 2);
  EXPECT_THAT(RunCohort("queues purge --help").out,
              HasSubstr("--state TEXT:{dead,ready,all}=dead"));
}

TEST_F(QueuesTest, FindsTheBrokerOfARunByItsConfiguration) {
  const std::string source = SourceDirectory() + "/configs/demo-zero.toml";
  folder_.Write("config.toml", *ReadFile(source));
  const LiveBroker own("ipc://" + folder_.path().string() + "/sockets/broker");
  const ProgramResult result = RunCohort("queues list " + folder_.path().string());
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(StartsWith("queue "), Not(HasSubstr("prompts.main"))));
}

}  // namespace
}  // namespace cohort
