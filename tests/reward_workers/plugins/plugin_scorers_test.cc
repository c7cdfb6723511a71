// Each tier of plug-ins as the worker uses it: made from its configuration, asked, answered through
// the mailbox.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "reward_workers/mailbox.h"
#include "reward_workers/plugins/retry_delay.h"
#include "reward_workers/plugins/supervisor.h"
#include "reward_workers/scorer.h"
#include "reward_workers/verdict_cache.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A service of Python that lives as long as this.
class Service {
 public:
  explicit Service(const std::string& arguments = "") {
    const std::string command = "exec python3 " + Variable("COHORT_SOURCE") +
                                "/tests/reward_workers/plugins/http_service.py " + arguments;
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    FILE* out = fdopen(ends[0], "r");
    EXPECT_EQ(std::fscanf(out, "%d", &port_), 1);
    std::fclose(out);
  }
  ~Service() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::string Url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/score"; }

 private:
  pid_t pid_ = -1;
  int port_ = 0;
};

class PluginScorers : public ::testing::Test {
 protected:
  Status Make(ScorerConfig config) {
    config.name = "mine";
    context_.clock = &clock_;
    context_.mailbox = &mailbox_;
    context_.decode = [](std::span<const int32_t>) { return std::string("the prompt"); };
    context_.tell = [this](const std::string& scorer, const std::string& what) { ++told_[what]; };
    const bool process = config.kind != "http";
    if (process) supervisor_ = std::make_unique<Supervisor>(&clock_);
    context_.supervisor = supervisor_.get();
    COHORT_ASSIGN_OR_RETURN(scorer_, MakeScorer(config, context_));
    return {};
  }

  Verdict Judge(const std::string& completion, const std::string& truth = "1") {
    Rollout rollout;
    rollout.prompt.truth = truth;
    rollout.prompt.columns = columns_;
    rollout.prompt.tokens = {1};
    rollout.tokens = {7, 8};
    std::optional<Verdict> verdict;
    const auto pending = scorer_->Start({rollout, completion},
                                        [&verdict](Verdict given) { verdict = std::move(given); });
    const Time give_up = clock_.Now() + std::chrono::seconds(60);
    while (!verdict && clock_.Now() < give_up) {
      {
        std::unique_lock lock(mutex_);
        posted_.wait_for(lock, std::chrono::milliseconds(100), [this] { return woken_; });
        woken_ = false;
      }
      mailbox_.RunAll();
    }
    return verdict.value_or(Verdict::Masked(OutcomeReason::kExpired, "no verdict came"));
  }

  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable posted_;
  bool woken_ = false;
  Mailbox mailbox_{[this] {
    {
      std::scoped_lock lock(mutex_);
      woken_ = true;
    }
    posted_.notify_all();
  }};
  std::string columns_;
  std::map<std::string, int> told_;
  ScorerContext context_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<Scorer> scorer_;
};

ScorerConfig Library(std::vector<std::string> options) {
  ScorerConfig config;
  config.kind = "library";
  config.library = Variable("COHORT_BIN") + "/../tests/liblength_scorer.so";
  config.options = std::move(options);
  return config;
}

TEST_F(PluginScorers, ALibraryInCIsAScorer) {
  // The host stands beside the programs, the test does not.
  setenv("COHORT_SCORER_HOST", (Variable("COHORT_BIN") + "/cohort-scorer-host").c_str(), 1);
  ASSERT_THAT(Make(Library({"most=20"})).message(), "");
  EXPECT_EQ(Judge("12345"), Verdict::Graded(0.25));
  EXPECT_EQ(Judge("x", "ids"), Verdict::Graded(7));
  EXPECT_FALSE(Judge("x", "none").applicable());
  EXPECT_EQ(Judge("x", "columns"), Verdict::Graded(0));
  columns_ = R"({"level":5})";
  EXPECT_EQ(Judge("x", "columns"), Verdict::Graded(11, R"({"level":5})"));
  EXPECT_EQ(Judge("x", "unparseable"),
            Verdict::Failed(OutcomeReason::kUnparseable, "nothing there"));
  // A gold that breaks its scorer whatever the answer is not the model's failure.
  EXPECT_EQ(Judge("x", "crash").reason(), OutcomeReason::kGraderCrashed);
  EXPECT_EQ(Judge("x", "nan").reason(), OutcomeReason::kGraderCrashed);
  EXPECT_EQ(Judge("12345"), Verdict::Graded(0.25));
}

TEST_F(PluginScorers, ALibrarySaysWhyItDoesNotStart) {
  setenv("COHORT_SCORER_HOST", (Variable("COHORT_BIN") + "/cohort-scorer-host").c_str(), 1);
  EXPECT_THAT(Make(Library({"least=2"})).message(), HasSubstr("unknown option least=2"));
  ScorerConfig missing = Library({});
  missing.library = "/no/such.so";
  EXPECT_THAT(Make(missing).message(), HasSubstr("/no/such.so"));
}

// Says how often it was asked, so that a verdict which is given again shows.
constexpr char kCounting[] = R"(
import os
calls = 0
def reward(completions, **kwargs):
    global calls
    if completions[0] == "end":
        os._exit(3)
    calls += 1
    return [calls]
)";

TEST_F(PluginScorers, AVerdictIsKeptWhereTheScorerSaysThatItStays) {
  VerdictCache cache(10);
  context_.verdicts = &cache;
  const TestFolder folder;
  ScorerConfig config;
  config.kind = "python";
  config.source = folder.Write("counting.py", kCounting) + ":reward";
  ASSERT_THAT(Make(config).message(), "");
  EXPECT_EQ(Judge("a").value(), 1);
  EXPECT_EQ(Judge("a").value(), 2);
  EXPECT_EQ(cache.size(), 0u);

  config.deterministic = true;
  ASSERT_THAT(Make(config).message(), "");
  EXPECT_EQ(Judge("a").value(), 1);
  EXPECT_EQ(Judge("a").value(), 1);
  EXPECT_EQ(Judge("a", "another gold").value(), 2);
  EXPECT_EQ(Judge("b").value(), 3);
  EXPECT_EQ(Judge("end").value(), 0);  // grader_killed: never kept
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_EQ(Judge("a").value(), 1);

  folder.Write("counting.py", std::string(kCounting) + "# edited\n");
  EXPECT_EQ(Judge("end").reason(), OutcomeReason::kGraderKilled);
  EXPECT_GE(told_["changed"], 1);
  const Verdict judged_anew = Judge("a");
  EXPECT_EQ(Judge("a").value(), *judged_anew.value() + 1);  // nothing is kept any more
}

ScorerConfig Http(const std::string& url) {
  ScorerConfig config;
  config.kind = "http";
  config.url = url;
  config.timeout_seconds = 0.5;
  return config;
}

TEST_F(PluginScorers, AServiceIsAScorer) {
  const Service service;
  setenv("SCORER_TOKEN", "secret", 1);
  ScorerConfig config = Http(service.Url());
  config.options = {"token_env=SCORER_TOKEN"};
  ASSERT_TRUE(Make(config).ok());
  EXPECT_EQ(Judge("good"), Verdict::Graded(0.5, "seen"));
  EXPECT_EQ(Judge("token"), Verdict::Graded(1));
  EXPECT_FALSE(Judge("none").applicable());
}

TEST_F(PluginScorers, WhatBreaksAServiceEveryTimeIsTheModelsFailure) {
  const Service service;
  ASSERT_TRUE(Make(Http(service.Url())).ok());
  EXPECT_TRUE(Judge("good").scored());
  for (const char* what : {"hang", "500", "nonsense", "long", "404", "413"}) {
    EXPECT_EQ(Judge(what).reason(), OutcomeReason::kGraderKilled) << what;
  }
  EXPECT_EQ(told_["canary"], 6);
}

TEST_F(PluginScorers, AnOutageIsWaitedFor) {
  const Service service("--outage 3");
  ASSERT_TRUE(Make(Http(service.Url())).ok());
  EXPECT_EQ(Judge("good"), Verdict::Graded(0.5, "seen"));
  EXPECT_EQ(told_["retry"], 3);
}

TEST_F(PluginScorers, AServiceThatIsAwayMasks) {
  ScorerConfig config = Http("http://127.0.0.1:9/");
  config.retries = 1;
  ASSERT_TRUE(Make(config).ok());
  const Verdict verdict = Judge("good");
  EXPECT_EQ(verdict.reason(), OutcomeReason::kGraderCrashed);
  EXPECT_THAT(verdict.detail(), HasSubstr("1 times again"));
}

TEST_F(PluginScorers, SeveralRolloutsGoInOneRequest) {
  const Service service;
  ScorerConfig config = Http(service.Url());
  config.batch = 8;
  ASSERT_TRUE(Make(config).ok());
  EXPECT_EQ(Judge("good"), Verdict::Graded(0.5, "seen"));
}

TEST_F(PluginScorers, ACrashThatLooksLikeAnOutageIsTheModelsFailureToo) {
  const Service service;
  ScorerConfig config = Http(service.Url());
  config.retries = 1;
  ASSERT_TRUE(Make(config).ok());
  EXPECT_TRUE(Judge("good").scored());
  for (const char* what : {"die", "502"}) {
    EXPECT_EQ(Judge(what).reason(), OutcomeReason::kGraderKilled) << what;
  }
}

TEST_F(PluginScorers, AnAddressThatIsNoneIsRefused) {
  EXPECT_THAT(Make(Http("localhost:80")).message(), HasSubstr("must begin with http://"));
}

TEST(RateLimit, KeepsToItsRate) {
  RateLimit limit(10);
  Time now{std::chrono::seconds(100)};
  EXPECT_TRUE(limit.Take(now));
  EXPECT_FALSE(limit.Take(now));
  EXPECT_EQ(limit.Wait(), Seconds(0.1));
  EXPECT_FALSE(limit.Take(now + Seconds(0.05)));
  EXPECT_TRUE(limit.Take(now + Seconds(0.11)));
  RateLimit none(0);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(none.Take(now));
}

TEST(RetryDelay, DoublesUpToAMinute) {
  EXPECT_EQ(RetryDelay(0, 0), Seconds(0.125));
  EXPECT_EQ(RetryDelay(2, 0), Seconds(0.5));
  EXPECT_EQ(RetryDelay(2, 0.5), Seconds(0.75));
  EXPECT_EQ(RetryDelay(30, 0), Seconds(30));
}

}  // namespace
}  // namespace cohort
