#include "reward_workers/plugins/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

namespace cohort {
namespace {

using ::testing::HasSubstr;

size_t CountIn(const std::string& folder) {
  std::error_code error;
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder, error))
    ++count;
  return count;
}

// The processes below this one, whatever became of their parents.
size_t Descendants() {
  size_t count = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream list(thread.path() / "children");
    for (pid_t pid = 0; list >> pid;) ++count;
  }
  return count;
}

class SupervisorTest : public ::testing::Test {
 protected:
  ~SupervisorTest() override { supervisor_.reset(); }

  ChildPool::Options Hostile(size_t processes, Duration limit,
                             std::vector<std::string> arguments = {}) {
    ChildPool::Options options;
    options.scorer = "hostile";
    options.processes = processes;
    options.limit = limit;
    options.memory_bytes = 300 << 20;
    options.plan.command = {"python3", std::string(std::getenv("COHORT_SOURCE")) +
                                           "/tests/reward_workers/plugins/hostile_scorer.py"};
    options.plan.command.insert(options.plan.command.end(), arguments.begin(), arguments.end());
    options.plan.environment = {"PATH=/usr/local/bin:/usr/bin:/bin"};
    return options;
  }

  Status Begin(ChildPool::Options options) {
    COHORT_ASSIGN_OR_RETURN(
        const Supervisor::Added added,
        supervisor_->AddPool(std::move(options), [this](const std::string& what) {
          std::scoped_lock lock(mutex_);
          ++told_[what];
        }));
    pool_ = added.pool;
    return {};
  }

  uint64_t Ask(const std::string& completion) {
    const uint64_t id = next_id_++;
    const nlohmann::json fields = {{"completion", completion}, {"answer", "1"}};
    supervisor_->Submit(pool_, {id, fields.dump(), [this, id](Verdict verdict) {
                                  std::scoped_lock lock(mutex_);
                                  EXPECT_FALSE(verdicts_.contains(id)) << "two verdicts";
                                  verdicts_.emplace(id, std::move(verdict));
                                  came_.notify_all();
                                }});
    return id;
  }

  Verdict Wait(uint64_t id) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(
        came_.wait_for(lock, std::chrono::seconds(60), [&] { return verdicts_.contains(id); }));
    const auto found = verdicts_.find(id);
    return found == verdicts_.end() ? Verdict::Masked(OutcomeReason::kExpired, "no verdict came")
                                    : found->second;
  }

  Verdict Judge(const std::string& completion) { return Wait(Ask(completion)); }

  int Told(const std::string& what) {
    std::scoped_lock lock(mutex_);
    return told_[what];
  }

  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::map<uint64_t, Verdict> verdicts_;
  std::map<std::string, int> told_;
  uint64_t next_id_ = 1;
  std::unique_ptr<Supervisor> supervisor_ = std::make_unique<Supervisor>(&clock_);
  ChildPool* pool_ = nullptr;
};

TEST_F(SupervisorTest, GivesTheVerdictsOfAScorer) {
  ASSERT_TRUE(Begin(Hostile(2, Seconds(10))).ok());
  EXPECT_EQ(Judge("good"), Verdict::Graded(0.5));
  EXPECT_EQ(Judge("fine"), Verdict::Graded(1));
  EXPECT_FALSE(Judge("none").applicable());
}

TEST_F(SupervisorTest, RefusesAScorerThatDoesNotStart) {
  const Status failed = Begin(Hostile(1, Seconds(10), {"--broken"}));
  EXPECT_THAT(failed.message(), HasSubstr("the model file is missing"));
  ChildPool::Options missing = Hostile(1, Seconds(1));
  missing.plan.command = {"/no/such/program"};
  EXPECT_THAT(Begin(std::move(missing)).message(), HasSubstr("/no/such/program"));
}

// What breaks its scorer every time, while another answer is judged, is the model's failure.
class BreaksEveryTime : public SupervisorTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(BreaksEveryTime, EndsAsTheModelsFailureAndCostsItsNeighboursNothing) {
  ASSERT_TRUE(Begin(Hostile(2, Seconds(0.7))).ok());
  EXPECT_EQ(Judge("good before"), Verdict::Graded(0.5));
  const uint64_t hostile = Ask(GetParam());
  for (int i = 0; i < 30; ++i) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(Judge("good neighbour"), Verdict::Graded(0.5));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  }
  const Verdict verdict = Wait(hostile);
  EXPECT_EQ(verdict.reason(), OutcomeReason::kGraderKilled) << verdict.detail();
  EXPECT_THAT(verdict.detail(), HasSubstr("a canary passed"));
  EXPECT_EQ(Told("canary"), 1);
}

INSTANTIATE_TEST_SUITE_P(Ways, BreaksEveryTime,
                         ::testing::Values("spin", "sleep", "crash", "exit", "memory", "gigabyte",
                                           "gigabyte of noise", "nan", "text", "other id", "stop",
                                           "error", "failed", "deep", "memory of a child",
                                           "many processes"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

TEST_F(SupervisorTest, WhatEndsAfterItsAnswerCostsNobodyAnAttempt) {
  ASSERT_TRUE(Begin(Hostile(1, Seconds(10))).ok());
  std::vector<uint64_t> ids;
  for (int i = 0; i < 10; ++i) ids.push_back(Ask("once"));
  for (const uint64_t id : ids) EXPECT_EQ(Wait(id), Verdict::Graded(1));
  EXPECT_EQ(Told("crash"), 0);
}

TEST_F(SupervisorTest, StopsAChildThatFloods) {
  ASSERT_TRUE(Begin(Hostile(1, Seconds(10))).ok());
  EXPECT_EQ(Judge("flood"), Verdict::Graded(1));
  EXPECT_EQ(Judge("good"), Verdict::Graded(0.5));
  EXPECT_LT(Told("unasked"), 100);
}

TEST_F(SupervisorTest, RepeatsWhatBrokeOnce) {
  ASSERT_TRUE(Begin(Hostile(1, Seconds(10))).ok());
  for (int i = 0; i < 9; ++i) EXPECT_EQ(Judge("every third"), Verdict::Graded(1));
  EXPECT_EQ(Told("restart"), 4);  // calls 3, 5 (the second child's third), …
  EXPECT_EQ(Told("canary"), 0);
}

TEST_F(SupervisorTest, MasksWhenTheScorerIsBrokenForAll) {
  ASSERT_TRUE(Begin(Hostile(1, Seconds(10), {"--everything-crashes"})).ok());
  const Verdict verdict = Judge("good");
  EXPECT_EQ(verdict.reason(), OutcomeReason::kGraderCrashed);
  EXPECT_THAT(verdict.detail(), HasSubstr("exit code 9"));
}

TEST_F(SupervisorTest, RenewsAChildThatLeaks) {
  ASSERT_TRUE(Begin(Hostile(1, Seconds(10))).ok());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Judge("leak"), Verdict::Graded(1));
  EXPECT_GE(Told("restart"), 1);
  EXPECT_EQ(Told("canary"), 0);
}

TEST_F(SupervisorTest, TakesTheFirstOfTwoAnswers) {
  ASSERT_TRUE(Begin(Hostile(1, Seconds(10))).ok());
  EXPECT_EQ(Judge("twice"), Verdict::Graded(1));
  EXPECT_EQ(Judge("good"), Verdict::Graded(0.5));
  EXPECT_EQ(Told("unasked"), 1);
}

TEST_F(SupervisorTest, AnAnswerAfterTheLimitIsNone) {
  ASSERT_TRUE(Begin(Hostile(1, Seconds(0.3))).ok());
  EXPECT_EQ(Judge("good"), Verdict::Graded(0.5));
  EXPECT_EQ(Judge("late").reason(), OutcomeReason::kGraderKilled);
  EXPECT_EQ(Told("timeout"), 3);
}

TEST_F(SupervisorTest, ForgetsWhatIsCancelled) {
  ASSERT_TRUE(Begin(Hostile(1, Seconds(0.3))).ok());
  const uint64_t slow = Ask("sleep");
  const uint64_t waiting = Ask("good");
  supervisor_->Cancel(pool_, slow);
  supervisor_->Cancel(pool_, waiting);
  EXPECT_EQ(Judge("good"), Verdict::Graded(0.5));
  EXPECT_EQ(Told("cancelled"), 2);
  std::scoped_lock lock(mutex_);
  EXPECT_EQ(verdicts_.size(), 1u);
}

TEST_F(SupervisorTest, LeavesNoProcessAndNoDescriptor) {
  const size_t descriptors = CountIn("/proc/self/fd");
  ASSERT_TRUE(Begin(Hostile(2, Seconds(0.5))).ok());
  for (const char* what : {"fork", "daemon", "crash", "spin", "good"}) Judge(what);
  supervisor_.reset();
  EXPECT_EQ(Descendants(), 0u);
  EXPECT_LE(CountIn("/proc/self/fd"), descriptors);
}

}  // namespace
}  // namespace cohort
