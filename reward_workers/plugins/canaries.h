// Completions that a scorer judged before, for telling a hostile answer from a broken scorer.
//
// A canary is the task that broke, with another completion: where it passes, neither the scorer nor
// the task's own gold is to blame. A value; belongs to one thread.
#pragma once

#include <deque>
#include <string>

namespace cohort {

class Canaries {
 public:
  // The fields of a rollout that was graded without haste.
  void Add(const std::string& fields);
  // The task's fields with the completion of a rollout of before; another one each time.
  std::string For(const std::string& fields);
  // The last one given broke its scorer: it is not used again.
  void DropLast();

 private:
  std::deque<std::string> fields_;  // of few rollouts, the newest last
  size_t next_ = 0;
};

}  // namespace cohort
