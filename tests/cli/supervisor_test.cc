#include "cli/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/cli/cohort_program.h"

namespace cohort {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using End = Supervisor::End;

class SupervisorTest : public ::testing::Test {
 protected:
  void Add(const std::string& instance, const std::string& script) {
    plan_.push_back({instance, WriteScript(folder_, instance + ".sh", script), {}, Log(instance)});
  }
  std::filesystem::path Log(const std::string& instance) {
    return folder_.path() / (instance + ".log");
  }
  std::string Mark(const std::string& name) { return (folder_.path() / name).string(); }

  // The clock leaps with every look, so that waits for a restart take no time.
  End Run(std::function<bool()> stop = [] { return false; }) {
    Supervisor::Options options;
    options.clock = clock_;
    options.stop_timeout = stop_timeout_;
    options.environment = {"PATH=/usr/bin:/bin"};
    options.note = [this](const std::string& line) { notes_.push_back(line); };
    options.alarm = [this](const std::string& line) { alarms_.push_back(line); };
    options.stop = [this, stop](Duration) {
      manual_.Advance(Seconds(0.5));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      return stop();
    };
    options.tick = [] {};
    return Supervisor(plan_, options).Run();
  }

  TestFolder folder_;
  ManualClock manual_;
  const Clock* clock_ = &manual_;
  Duration stop_timeout_ = Seconds(1000);
  std::vector<ChildPlan> plan_;
  std::vector<std::string> notes_, alarms_;
};

TEST_F(SupervisorTest, EndsWhenTheLearnerIsDoneAndDrainsTheOthers) {
  Add("learner", "while [ ! -e " + Mark("actor-1.ready") + " ]; do sleep 0.01; done\nexit 0\n");
  Add("actor-1", PatientScript(Mark("actor-1")));
  EXPECT_EQ(Run(), End::kDone);
  EXPECT_TRUE(Exists(Mark("actor-1.drained")));
  EXPECT_THAT(alarms_, IsEmpty());
}

TEST_F(SupervisorTest, DrainsTheBrokerLast) {
  Add("broker", "trap 'test -e " + Mark("actor-1.drained") + " && touch " + Mark("last") +
                    "; exit 0' TERM\ntouch " + Mark("broker.ready") +
                    "\nwhile :; do sleep 0.02; done\n");
  Add("learner", "while [ ! -e " + Mark("actor-1.ready") + " -o ! -e " + Mark("broker.ready") +
                     " ]; do sleep 0.01; done\nexit 0\n");
  Add("actor-1", PatientScript(Mark("actor-1")));
  EXPECT_EQ(Run(), End::kDone);
  EXPECT_TRUE(Exists(Mark("last")));
}

TEST_F(SupervisorTest, StartsAgainWhatDied) {
  const std::string runs = Mark("runs");
  Add("learner", "echo x >> " + runs + "\n[ $(wc -l < " + runs + ") -ge 4 ] && exit 0\n" +
                     "[ $(wc -l < " + runs + ") -eq 2 ] && exit 1\nkill -9 $$\n");
  EXPECT_EQ(Run(), End::kDone);
  ASSERT_EQ(notes_.size(), 3u);
  EXPECT_THAT(notes_[0],
              HasSubstr("learner ended (signal 9 (Killed)); starting it again in 0.2 s"));
  EXPECT_THAT(notes_[1], HasSubstr("exit code 1"));
}

TEST_F(SupervisorTest, StartsAnActorAgainThatLeftOfItsOwnAccord) {
  const std::string runs = Mark("runs");
  Add("learner", "while [ ! -e " + runs + " ] || [ $(wc -l < " + runs +
                     ") -lt 2 ]; do sleep 0.01; done\nexit 0\n");
  Add("actor-1", "echo x >> " + runs + "\nexit 0\n");
  EXPECT_EQ(Run(), End::kDone);
}

TEST_F(SupervisorTest, StopsForGoodWhenAConfigurationIsWrong) {
  Add("learner", PatientScript(Mark("learner")));
  Add("actor-1", "while [ ! -e " + Mark("learner.ready") +
                     " ]; do sleep 0.01; done\necho noise >&2\n"
                     "echo 'cohort-actor: model.path: no such directory' >&2\nexit 2\n");
  EXPECT_EQ(Run(), End::kConfiguration);
  EXPECT_THAT(alarms_, ElementsAre("cohort-actor: model.path: no such directory"));
  EXPECT_TRUE(Exists(Mark("learner.drained")));
}

TEST_F(SupervisorTest, GivesUpAfterFiveDeathsInAMinuteAndShowsTheLog) {
  Add("learner", PatientScript(Mark("learner")));
  Add("actor-1", "echo run >> " + Mark("runs") + "\necho 'what went wrong' >&2\nexit 1\n");
  EXPECT_EQ(Run(), End::kFailed);
  EXPECT_THAT(alarms_, Contains("actor-1 | what went wrong"));
  EXPECT_THAT(alarms_.back(), AllOf(HasSubstr("5 times within a minute"), HasSubstr("exit code 1"),
                                    HasSubstr(Log("actor-1").string())));
  EXPECT_EQ(*ReadFile(Mark("runs")), "run\nrun\nrun\nrun\nrun\n");
}

TEST_F(SupervisorTest, DrainsEverythingWhenItIsAskedTo) {
  Add("learner", PatientScript(Mark("learner")));
  Add("actor-1", PatientScript(Mark("actor-1")));
  const End end =
      Run([&] { return Exists(Mark("learner.ready")) && Exists(Mark("actor-1.ready")); });
  EXPECT_EQ(end, End::kDrained);
  EXPECT_TRUE(Exists(Mark("learner.drained")));
  EXPECT_TRUE(Exists(Mark("actor-1.drained")));
}

TEST_F(SupervisorTest, KillsWhatDoesNotStopInTime) {
  const SystemClock clock;
  clock_ = &clock;
  stop_timeout_ = Seconds(0.1);
  Add("learner", "trap '' TERM\necho $$ > " + Mark("pid") + "\ntouch " + Mark("learner.ready") +
                     "\nwhile :; do sleep 0.02; done\n");
  EXPECT_EQ(Run([&] { return Exists(Mark("learner.ready")); }), End::kDrained);
  EXPECT_THAT(notes_, Contains(HasSubstr("learner did not stop in 0.1 s: killed")));
  EXPECT_NE(kill(std::stoi(*ReadFile(Mark("pid"))), 0), 0);
}

TEST_F(SupervisorTest, FailsWhenALogCannotBeWritten) {
  Add("learner", "exit 0\n");
  plan_[0].log = "/no/such/folder/log";
  EXPECT_EQ(Run(), End::kFailed);
  EXPECT_THAT(alarms_, ElementsAre(HasSubstr("/no/such/folder/log")));
}

TEST(ChildEnvironment, LeavesTheConfigurationsVariablesOutAndBoundsThreads) {
  setenv("COHORT_RUN__SEED", "3", 1);
  setenv("COHORT_TORCH", "x", 1);
  setenv("OMP_NUM_THREADS", "7", 1);
  Config config;
  config.model.threads = 2;
  const std::vector<std::string> environment = ChildEnvironment(config);
  unsetenv("COHORT_RUN__SEED");
  EXPECT_THAT(environment, Contains("OMP_NUM_THREADS=2"));
  EXPECT_THAT(environment, Contains("OMP_WAIT_POLICY=passive"));
  EXPECT_THAT(environment, Contains("COHORT_TORCH=x"));
  for (const std::string& variable : environment) {
    EXPECT_FALSE(variable.starts_with("COHORT_RUN__")) << variable;
    EXPECT_NE(variable, "OMP_NUM_THREADS=7");
  }
}

}  // namespace
}  // namespace cohort
