// `cohort up` and `cohort eval` with fleets made of shell scripts.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "libs/run/run_directory.h"
#include "tests/cli/cohort_program.h"

namespace cohort {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class UpTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { task_ = new ParityTask(); }
  static void TearDownTestSuite() { delete task_; }

  void SetUp() override {
    ASSERT_TRUE(task_->made());
    Config config = task_->MakeConfig(run_.string());
    config.fleet.stop_timeout_seconds = 5;
    config_ = folder_.Write("run.toml", ConfigToToml(config));
    for (const char* role : {"broker", "actor", "reward-worker"}) {
      WriteScript(folder_, std::string("cohort-") + role, PatientScript(Mark(role)));
    }
    Learner("echo '{\"kind\":\"step\",\"step\":1,\"reward\":0.5}' >> " + Run("metrics.jsonl") +
            Done());
  }
  // The learner's last words of a finished run.
  std::string Done() {
    return "\necho '{\"kind\":\"done\"}' >> " + Run("metrics.jsonl") + "\nexit 0\n";
  }
  void Learner(const std::string& script) {
    const std::string wait = "while [ ! -e " + Mark("actor") + ".ready -o ! -e " +
                             Mark("reward-worker") + ".ready ]; do sleep 0.01; done\n";
    WriteScript(folder_, "cohort-learner", wait + script);
  }
  std::string Mark(const std::string& role) { return (folder_.path() / role).string(); }
  std::string Run(const std::string& file) { return (run_ / file).string(); }
  ProgramResult Up(const std::string& more = "") {
    return RunCohort("up " + config_ + " " + more, folder_.path().string());
  }

  static ParityTask* task_;
  TestFolder folder_;
  std::filesystem::path run_ = folder_.path() / "run";
  std::string config_;
};

ParityTask* UpTest::task_ = nullptr;

TEST_F(UpTest, RunsTheFleetUntilTheLearnerIsDone) {
  Learner("echo \"$@\" > " + Mark("words") + "\necho $OMP_WAIT_POLICY > " + Mark("policy") +
          "\necho heard >&2\necho '{\"kind\":\"step\",\"step\":1,\"reward\":0.5}' >> " +
          Run("metrics.jsonl") + Done());
  const ProgramResult result = Up("--run.seed=5");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("4 processes"), HasSubstr("step 1  reward 0.500"),
                                HasSubstr("done; cohort report")));
  EXPECT_TRUE(Exists(Mark("actor") + ".drained"));
  EXPECT_TRUE(Exists(Mark("broker") + ".drained"));
  EXPECT_EQ(*ReadFile(Mark("words")), "--config " + Run("config.toml") + " --instance learner\n");
  EXPECT_EQ(*ReadFile(Mark("policy")), "passive\n");
  EXPECT_EQ(*ReadFile(Run("logs/learner.log")), "heard\n");
  EXPECT_EQ(LoadConfig({{Run("config.toml")}, {}, false})->run.seed, 5);
}

TEST_F(UpTest, RefusesADirectoryThatHoldsARunUnlessToldWhatToDo) {
  ASSERT_EQ(Up().code, 0);
  const uint64_t id = RunDirectory::Open(run_)->run_id();
  const ProgramResult refused = Up();
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("--resume"), HasSubstr("--clean")));
  EXPECT_EQ(Up("--resume").code, 0);
  EXPECT_EQ(RunDirectory::Open(run_)->run_id(), id);
  EXPECT_EQ(Up("--clean").code, 0);
  EXPECT_NE(RunDirectory::Open(run_)->run_id(), id);
}

TEST_F(UpTest, EndsWithTwoWhenTheConfigurationIsWrong) {
  const ProgramResult result = Up("--model.path=no/model");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("no/model"));
  EXPECT_FALSE(Exists(run_));
  Learner("echo 'cohort-learner: the key is wrong' >&2\nexit 2\n");
  const ProgramResult child = Up();
  EXPECT_EQ(child.code, 2);
  EXPECT_EQ(child.err, "cohort: cohort-learner: the key is wrong\n");
}

TEST_F(UpTest, NamesAProgramThatIsMissing) {
  std::filesystem::remove(folder_.path() / "cohort-actor");
  const ProgramResult result = Up();
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("cohort-actor"), HasSubstr("COHORT_BIN")));
}

TEST_F(UpTest, StartsTheLearnerAloneForSft) {
  const std::string config = folder_.Write("sft.toml", [&] {
    Config sft = task_->MakeConfig(run_.string());
    sft.stages.pop_back();
    return ConfigToToml(sft);
  }());
  WriteScript(folder_, "cohort-learner", Done());
  const ProgramResult result = RunCohort("up " + config, folder_.path().string());
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_FALSE(Exists(Mark("broker") + ".ready"));
}

TEST_F(UpTest, RefusesADirectoryWhereALearnerRunsByHand) {
  std::filesystem::create_directories(run_);
  const int held = open(Run("learner.lock").c_str(), O_RDWR | O_CREAT, 0644);
  ASSERT_EQ(flock(held, LOCK_EX | LOCK_NB), 0);
  const ProgramResult result = Up();
  close(held);
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("started by hand"));
  EXPECT_FALSE(Exists(Mark("broker") + ".ready"));
}

TEST_F(UpTest, StartsALearnerAgainThatWasDrainedAlone) {
  Learner("echo x >> " + Mark("lives") + "\n[ $(wc -l < " + Mark("lives") + ") -ge 2 ] || exit 0" +
          Done());
  EXPECT_EQ(Up().code, 0);
  EXPECT_EQ(*ReadFile(Mark("lives")), "x\nx\n");
}

// `cohort up` itself, to be signalled.
class UpProcess {
 public:
  UpProcess(const std::string& config, const std::string& programs) {
    pid_ = fork();
    if (pid_ == 0) {
      setenv("COHORT_BIN", programs.c_str(), 1);
      [[maybe_unused]] FILE* out = freopen((programs + "/up.out").c_str(), "w", stdout);
      [[maybe_unused]] FILE* err = freopen((programs + "/up.err").c_str(), "w", stderr);
      execl(binary_.c_str(), "cohort", "up", config.c_str(), nullptr);
      _exit(127);
    }
  }
  ~UpProcess() {
    if (pid_ > 0 && !waited_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  void Signal(int signal) const { kill(pid_, signal); }
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    waited_ = true;
    return status;
  }

 private:
  const std::string binary_ = CohortBinary();  // before COHORT_BIN is set
  pid_t pid_ = -1;
  bool waited_ = false;
};

TEST_F(UpTest, DrainsEverythingWhenItGetsSigterm) {
  Learner(PatientScript(Mark("learner")));
  UpProcess up(config_, folder_.path().string());
  ASSERT_TRUE(Eventually([&] { return Exists(Mark("learner") + ".ready"); }));
  const ProgramResult second = Up();
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.err, HasSubstr("a fleet runs in"));
  up.Signal(SIGTERM);
  const int status = up.Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  for (const char* role : {"learner", "actor", "reward-worker", "broker"}) {
    EXPECT_TRUE(Exists(Mark(role) + ".drained")) << role;
  }
  EXPECT_THAT(*ReadFile(Mark("up.out")), HasSubstr("--resume goes on"));
}

TEST_F(UpTest, TakesItsChildrenWithItWhenItIsKilled) {
  Learner(PatientScript(Mark("learner")));
  UpProcess up(config_, folder_.path().string());
  ASSERT_TRUE(Eventually([&] { return Exists(Mark("learner") + ".ready"); }));
  const pid_t learner = std::stoi(*ReadFile(Mark("learner") + ".pid"));
  const pid_t broker = std::stoi(*ReadFile(Mark("broker") + ".pid"));
  up.Signal(SIGKILL);
  up.Wait();
  EXPECT_TRUE(Eventually([&] { return kill(learner, 0) != 0 && kill(broker, 0) != 0; }));
  EXPECT_FALSE(Exists(Mark("learner") + ".drained"));
}

TEST_F(UpTest, EvaluatesWithAFleetOfItsOwn) {
  // The learner writes where its configuration says: an own run beside the one of the file.
  Learner(R"sh(run=$(sed -n 's/^directory = "\(.*\)"/\1/p' "$2")
grep -q 'kind = "eval"' "$2" || exit 1
cat >> $run/metrics.jsonl <<END
{"kind":"evaluation","stage":"eval","pass_at_1":0.5,"stderr":0.03,"length":9.5,"samples":2,"seconds":3}
{"kind":"done"}
END
echo '{"purpose":"eval","row":1,"sample":0,"tokens":[4,5]}' >> $run/samples.jsonl
echo '{"purpose":"eval","row":0,"sample":0,"tokens":[1,2]}' >> $run/samples.jsonl
exit 0
)sh");
  const std::string output = (folder_.path() / "rows.jsonl").string();
  const ProgramResult result =
      RunCohort("eval " + config_ + " --output " + output, folder_.path().string());
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("pass@1 0.5000 ± 0.0300  length 9.5  (2 samples, 3.0 s)"));
  EXPECT_THAT(*ReadFile(output),
              AllOf(HasSubstr("\"row\":0"), HasSubstr("[1,2]"), HasSubstr("\"row\":1")));
  EXPECT_LT(ReadFile(output)->find("\"row\":0"), ReadFile(output)->find("\"row\":1"));
  EXPECT_FALSE(RunDirectory::HoldsRun(run_));
}

TEST_F(UpTest, EvalOfARunAsksForACheckpoint) {
  ASSERT_EQ(Up().code, 0);
  const ProgramResult none = RunCohort("eval " + run_.string(), folder_.path().string());
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("holds no checkpoint yet"));
  // One without weights is found, and refused by name.
  std::filesystem::create_directories(run_ / "checkpoints/stage-01-step-000002");
  std::filesystem::copy(task_->path() + "/config.json",
                        run_ / "checkpoints/stage-01-step-000002/config.json");
  const ProgramResult damaged = RunCohort("eval " + run_.string(), folder_.path().string());
  EXPECT_EQ(damaged.code, 2);
  EXPECT_THAT(damaged.err, HasSubstr("stage-01-step-000002"));
}

}  // namespace
}  // namespace cohort
