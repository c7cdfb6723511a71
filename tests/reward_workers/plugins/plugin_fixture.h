// Plug-in scorers as the worker uses them: made from their configuration, asked, answered through
// the mailbox; and services that live as long as a test wants them.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "reward_workers/mailbox.h"
#include "reward_workers/plugins/supervisor.h"
#include "reward_workers/scorer.h"

namespace cohort {

inline std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A service of Python that lives as long as this: a script of tests/reward_workers/ that prints its
// port first.
class Service {
 public:
  explicit Service(const std::string& script, const std::string& arguments = "") {
    const std::string command = "exec python3 " + Variable("COHORT_SOURCE") +
                                "/tests/reward_workers/" + script + " " + arguments;
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
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  int port() const { return port_; }
  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

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
    context_.decode = [this](std::span<const int32_t>) { return prompt_; };
    context_.tell = [this](const std::string&, const std::string& what) { ++told_[what]; };
    const bool process =
        config.kind == "python" || config.kind == "process" || config.kind == "library";
    if (process) supervisor_ = std::make_unique<Supervisor>(&clock_);
    context_.supervisor = supervisor_.get();
    COHORT_ASSIGN_OR_RETURN(scorer_, MakeScorer(config, context_));
    return {};
  }

  // A rollout under way, or judged.
  struct Asked {
    Rollout rollout;
    std::string completion;
    std::optional<Verdict> verdict;
    std::unique_ptr<PendingScore> pending;  // first to go
  };

  std::unique_ptr<Asked> Ask(const std::string& completion, const std::string& truth = "1") {
    auto asked = std::make_unique<Asked>();
    asked->rollout.prompt.truth = truth;
    asked->rollout.prompt.columns = columns_;
    asked->rollout.prompt.tokens = {1};
    asked->rollout.tokens = {7, 8};
    asked->completion = completion;
    asked->pending =
        scorer_->Start({asked->rollout, asked->completion},
                       [to = asked.get()](Verdict given) { to->verdict = std::move(given); });
    return asked;
  }

  // Runs the mailbox until this holds. False where it does not within a minute.
  template <typename Condition>
  bool WaitUntil(Condition condition) {
    const Time give_up = clock_.Now() + std::chrono::seconds(60);
    while (!condition()) {
      if (clock_.Now() >= give_up) return false;
      {
        std::unique_lock lock(mutex_);
        posted_.wait_for(lock, std::chrono::milliseconds(100), [this] { return woken_; });
        woken_ = false;
      }
      mailbox_.RunAll();
    }
    return true;
  }

  Verdict Wait(const std::unique_ptr<Asked>& asked) {
    WaitUntil([&] { return asked->verdict.has_value(); });
    return asked->verdict.value_or(Verdict::Masked(OutcomeReason::kExpired, "no verdict came"));
  }

  Verdict Judge(const std::string& completion, const std::string& truth = "1") {
    return Wait(Ask(completion, truth));
  }

  SystemClock clock_;
  std::string prompt_ = "the prompt";
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

}  // namespace cohort
