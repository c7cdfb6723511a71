// What scorers need to run, without a run: clock, timers, mailbox, supervisor. No broker, no model.
//
// Belongs to one thread, on which everything happens but the scorers' processes. Scorers, and what
// they have under way, must go before it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/config/config.h"
#include "reward_workers/mailbox.h"
#include "reward_workers/plugins/supervisor.h"
#include "reward_workers/scorer.h"
#include "reward_workers/timer_queue.h"
#include "reward_workers/tool/rows.h"

namespace cohort {

class Workbench {
 public:
  // `languages` of programs, beside the known ones.
  explicit Workbench(std::vector<LanguageConfig> languages = {});
  Workbench(const Workbench&) = delete;
  Workbench& operator=(const Workbench&) = delete;

  // Starts a plug-in's processes and waits for the first one.
  Result<std::unique_ptr<Scorer>> Make(const ScorerConfig& config);

  // Begins to judge a row, which stays where it is until the verdict is given or what this returned
  // is destroyed.
  std::unique_ptr<PendingScore> Start(Scorer& scorer, const ScorerRow& row, VerdictCallback done,
                                      bool right = false);

  // Gives the verdicts that have come; waits for one, at most so long. Also back when `input`, a
  // descriptor, can be read (−1: none).
  void Step(Duration wait, int input = -1);

  Time Now() const { return clock_.Now(); }

  // What happened in plug-ins so far: "restart", "timeout", … (child_pool.h), and how often.
  const std::map<std::string, int64_t>& events() const { return events_; }

 private:
  class Task;
  struct Wake {
    Wake();
    ~Wake();
    int fd;  // eventfd
  };
  struct PromptText {
    std::string_view text;
    int rows = 0;  // that are under way with it
  };

  const std::vector<LanguageConfig> languages_;
  SystemClock clock_;
  TimerQueue timers_;
  Wake wake_;
  Mailbox mailbox_;
  Supervisor supervisor_;
  // Texts of prompts under way, by where their tokens lie: scorers ask for them by these.
  std::map<const int32_t*, PromptText> prompts_;
  std::map<std::string, int64_t> events_;
};

}  // namespace cohort
