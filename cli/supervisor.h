// Keeps a fleet's processes alive until the learner is done.
//
//   exit 0 of the learner      the run is done: the others are drained
//   exit 2 of any child        its configuration is wrong: final, its message is shown
//   any other end              started again after a wait (learners resume from their checkpoint)
//   five deaths in a minute    the run stops, with the last lines of that child's log
//
// Draining is SIGTERM to all but the broker, then to the broker, each time SIGKILL to those that
// are still there after the timeout. Belongs to the main thread.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/child_process.h"
#include "cli/fleet_plan.h"
#include "cli/restart_policy.h"
#include "libs/base/clock.h"

namespace cohort {

class Supervisor {
 public:
  struct Options {
    const Clock* clock = nullptr;
    Duration stop_timeout = Seconds(20);
    std::vector<std::string> environment;           // of the children: "NAME=value"
    std::function<void(const std::string&)> note;   // one line about what happens
    std::function<void(const std::string&)> alarm;  // one line about why the run ends
    // Waits for at most this long; true when somebody asked to stop.
    std::function<bool(Duration)> stop;
    std::function<void()> tick;  // between, several times a second
    // Asked when the learner ended with 0: whether the run is finished. When it is not, somebody
    // drained the learner alone, and it is started again. Empty: always finished.
    std::function<bool()> finished;
  };
  enum class End { kDone, kDrained, kFailed, kConfiguration };

  Supervisor(std::vector<ChildPlan> plan, Options options);
  ~Supervisor();  // kills what still runs

  // Starts everything, and returns when nothing runs any more.
  End Run();

 private:
  struct Child {
    ChildPlan plan;
    pid_t pid = 0;                 // 0: not running
    std::optional<Time> start_at;  // waits to be started (again)
    RestartPolicy restarts;
  };

  std::optional<End> StartThoseDue();
  std::optional<End> LookAfter(Child& child);
  std::optional<End> OnExit(Child& child, const ChildExit& exit);
  void Drain();
  void DrainSome(const std::function<bool(const Child&)>& which);

  const Options options_;
  std::vector<Child> children_;
};

}  // namespace cohort
