// What an answer to a software-engineering task is worth: its patch is applied to the base tree,
// the graded tests are put back, and the project's suite is run in the sandbox. Blocks, for
// minutes; safe from any thread.
//
// A suite that fails says something about the patch only where the environment is known to be
// good: the first failure of an instance is followed by a run of its reference patch (of no patch,
// where the row has none), and where that does not do what it should, nothing is scored. An
// environment is trusted for a minute (or as long as ten runs take) from the last run that resolved
// its instance.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "libs/base/clock.h"
#include "libs/base/digest.h"
#include "libs/base/lru.h"
#include "libs/scoring/verdict.h"
#include "reward_workers/sandbox/sandbox.h"
#include "reward_workers/swe/patch.h"
#include "reward_workers/swe/suite.h"
#include "reward_workers/swe/swe_grade.h"
#include "reward_workers/swe/swe_task.h"

namespace cohort {

class SweJudge {
 public:
  // `tools`: the folder of cohort_report.py. Everything that is pointed to outlives it.
  SweJudge(Sandbox* sandbox, const SweTasks* tasks, const Clock* clock, std::string tools);

  // `phase` is told what is done now: a few words. Ends early, as cancelled, once `cancelled` is
  // true.
  Judged Judge(const std::string& completion, const std::string& columns,
               const std::function<void(std::string)>& phase, const std::atomic<bool>& cancelled);

 private:
  struct Attempt;  // one run of a task's suite
  Attempt Run(const SweTask& task, const ChangedFiles& files, const std::atomic<bool>& cancelled);
  SandboxResult RunBox(const SandboxSpec& spec, const std::atomic<bool>& cancelled);
  // Whether the environment does what it should without the answer; masked verdicts say what not.
  std::optional<Verdict> Doubt(const SweTask& task, const std::atomic<bool>& cancelled);
  std::optional<Verdict> RunReference(const SweTask& task, const std::atomic<bool>& cancelled);
  bool Trusted(const SweTask& task);  // under mutex_
  // A run that resolved its instance, or the reference's: the environment is good.
  void Works(const SweTask& task, const Attempt& attempt);

  Sandbox* const sandbox_;
  const SweTasks* const tasks_;
  const Clock* const clock_;
  const std::string tools_;
  std::mutex mutex_;  // of what follows
  std::condition_variable checked_;
  std::unordered_set<Digest, DigestHash> under_check_;  // instances whose reference is run now
  Lru<Digest, bool, DigestHash> good_;         // instances that were resolved by some patch
  std::map<std::string, Time> trusted_until_;  // environments
};

}  // namespace cohort
