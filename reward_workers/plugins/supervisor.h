// The thread that looks after all scorer processes of a reward worker: it polls their pipes, keeps
// their limits and takes their ends. It runs no foreign code and waits for nothing but events.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "reward_workers/plugins/child_pool.h"

namespace cohort {

class Supervisor {
 public:
  // `clock` outlives it. This process adopts the orphans of its scorers from now on, and kills any
  // child that is new and that it does not know (Spare): one supervisor in a process.
  explicit Supervisor(const Clock* clock);
  ~Supervisor();  // kills all children, and what they left behind
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Kills, the first time, what the scorers of dead workers left behind (strays.h). Starts a
  // scorer's children and waits until the first one is ready; fails with what it said when
  // it does not start. The pool is the supervisor's; only Submit and Cancel may touch it from other
  // threads, through these. `tell` is called on the supervisor's thread.
  struct Added {
    ChildPool* pool = nullptr;
    ReadyMessage ready;
  };
  Result<Added> AddPool(ChildPool::Options options, ChildPool::Tell tell);

  // For somebody else's children: runs `start` on the supervisor's thread, while nothing is swept.
  // What it returns is asked before every sweep for the child that is to be spared; 0: none now.
  using SparedChild = std::function<pid_t()>;
  void Spare(const std::function<SparedChild()>& start);

  // From any thread. A job's callbacks run on the supervisor's thread.
  void Submit(ChildPool* pool, ChildPool::Job job);
  void Cancel(ChildPool* pool, uint64_t job);

 private:
  void Post(std::function<void()> command);
  void Run();
  void RunCommands();
  void Poll();
  std::vector<pid_t> Known() const;

  const Clock& clock_;
  int wake_ = -1;  // eventfd
  std::mutex mutex_;
  std::vector<std::function<void()>> commands_;
  std::atomic<bool> stop_ = false;
  std::vector<std::unique_ptr<ChildPool>> pools_;
  Time next_sweep_{};
  std::once_flag strays_;
  std::vector<SparedChild> others_;
  std::vector<pid_t> spared_;  // children of this process from before
  std::thread thread_;         // last: uses the others
};

}  // namespace cohort
