// Threads for scorers whose judging blocks: so many pieces of work at once, the others wait.
//
// Start and the destruction of what it returns belong to the worker's thread; work runs on the
// crew's, and what it returns runs on the worker's thread again, through its mailbox.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/guarded.h"
#include "reward_workers/mailbox.h"
#include "reward_workers/scorer.h"

namespace cohort {

// A piece of work, as it sees itself.
class CrewJob {
 public:
  // True: nobody waits for it any more; it should end soon.
  const std::atomic<bool>& cancelled() const { return cancelled_; }
  // What it does now, for people: a few words.
  void SetPhase(std::string phase) {
    phase_.With([&](std::string& now) { now = std::move(phase); });
  }
  std::string phase() const {
    return phase_.With([](const std::string& now) { return now; });
  }

 private:
  friend class Crew;
  std::atomic<bool> cancelled_ = false;
  Guarded<std::string> phase_;
};

class Crew {
 public:
  // What a piece of work leaves to be done on the worker's thread.
  using Then = std::function<void()>;
  using Work = std::function<Then(CrewJob&)>;

  // `mailbox` outlives it.
  Crew(Mailbox* mailbox, size_t threads);
  // Cancels what is under way and waits for it.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Destroying what it returns cancels: what the work left is not done any more.
  std::unique_ptr<PendingScore> Start(Work work);

 private:
  struct Entry;
  class Pending;
  void Run();

  Mailbox* const mailbox_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Entry>> waiting_;  // guarded by mutex_, like the next two
  std::set<std::shared_ptr<Entry>> under_way_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cohort
