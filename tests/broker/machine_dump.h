// All that a queue machine would write down, in a form that can be compared.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "broker/machine/queue_machine.h"

namespace cohort {

using TaskKey = std::pair<std::string, TaskId>;  // queue and id

struct MachineDump {
  std::map<TaskKey, TaskImage> live;          // dead letters too
  std::map<TaskKey, LeaseKey> over;           // and remembered; by which lease
  std::map<std::string, QueueChange> queues;  // those that have something to tell
  StartChange start;

  bool BelowFloor(const TaskKey& key) const;
  bool Knows(const TaskKey& key) const {
    return live.contains(key) || over.contains(key) || BelowFloor(key);
  }
};

// What stands in the changes of one whole Rewrite. Other changes are ignored.
MachineDump DumpOf(const std::vector<Change>& changes);
// Writes everything anew into the effects, which should be empty, and dumps that.
MachineDump DumpOf(QueueMachine& machine, Time now, Effects& effects);

// What the machine that was restored from the changes of another knows differently; empty: nothing.
// A lease that was handed back may come back (handing back is not written down), the epoch is
// another.
std::string Difference(const MachineDump& before, const MachineDump& restored);

}  // namespace cohort
