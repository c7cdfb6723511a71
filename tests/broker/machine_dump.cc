#include "tests/broker/machine_dump.h"

#include <tuple>

namespace cohort {
namespace {

std::string Name(const TaskKey& key) { return key.first + " " + key.second.ToString(); }

std::string Difference(const TaskImage& a, const TaskImage& b) {
  const auto facts = [](const TaskImage& t) {
    return std::make_tuple(t.spec.body.view(), t.spec.priority, t.spec.results, t.spec.obituaries,
                           t.spec.children, t.spec.max_attempts, t.put_at, t.deadline, t.order,
                           t.dead, t.delivered);
  };
  if (facts(a) != facts(b)) return "its facts";
  if (a.failures != b.failures || a.reasons != b.reasons) return "its failures";
  if (a.emitted != b.emitted) return "its emitted children";
  if (a.obituary.has_value() != b.obituary.has_value()) return "obituary or not";
  if (a.obituary.has_value() &&
      std::tie(a.obituary->reason, a.obituary->detail, a.obituary->emitted) !=
          std::tie(b.obituary->reason, b.obituary->detail, b.obituary->emitted)) {
    return "what the obituary tells";
  }
  if (!a.lease.has_value()) return "";
  if (!b.lease.has_value()) return "its lease is gone";
  const auto lease = [](const LeaseImage& l) {
    return std::make_tuple(l.session, l.key, l.accepted);
  };
  return lease(*a.lease) == lease(*b.lease) ? "" : "its lease";
}

}  // namespace

bool MachineDump::BelowFloor(const TaskKey& key) const {
  const auto queue = queues.find(key.first);
  if (queue == queues.end()) return false;
  const auto floor = queue->second.floors.find({key.second.run, key.second.space});
  return floor != queue->second.floors.end() && key.second.cursor < floor->second;
}

MachineDump DumpOf(const std::vector<Change>& changes) {
  MachineDump dump;
  for (const Change& change : changes) {
    if (const auto* start = std::get_if<StartChange>(&change.what)) {
      dump.start = *start;
    } else if (const auto* queue = std::get_if<QueueChange>(&change.what)) {
      dump.queues[queue->queue] = *queue;
    } else if (const auto* task = std::get_if<TaskChange>(&change.what)) {
      dump.live[{task->task.spec.queue, task->task.spec.id}] = task->task;
    } else if (const auto* over = std::get_if<RememberedChange>(&change.what)) {
      for (const auto& [id, by] : over->over) dump.over[{over->queue, id}] = by;
    }
  }
  return dump;
}

MachineDump DumpOf(QueueMachine& machine, Time now, Effects& effects) {
  machine.Rewrite(now, machine.tail() + 1, SIZE_MAX, effects);
  return DumpOf(effects.changes);
}

std::string Difference(const MachineDump& before, const MachineDump& restored) {
  for (const auto& [key, image] : before.live) {
    const auto found = restored.live.find(key);
    if (found == restored.live.end()) return Name(key) + " is gone";
    const std::string differs = Difference(image, found->second);
    if (!differs.empty()) return Name(key) + " differs: " + differs;
  }
  for (const auto& [key, image] : restored.live) {
    if (!before.live.contains(key)) return Name(key) + " has come from nowhere";
  }
  for (const auto& [key, by] : before.over) {
    const auto found = restored.over.find(key);
    if (found == restored.over.end()) return Name(key) + " is over, and not remembered";
    if (found->second != by) return Name(key) + " was settled by another lease";
  }
  for (const auto& [key, by] : restored.over) {
    if (!before.over.contains(key)) return Name(key) + " is remembered and never was over";
  }
  for (const auto& [name, queue] : before.queues) {
    const auto found = restored.queues.find(name);
    if (found == restored.queues.end()) return "the state of queue " + name + " is gone";
    if (found->second.floors != queue.floors) return "the floors of " + name + " differ";
    if (found->second.paused != queue.paused) return name + " is paused or not";
  }
  if (restored.queues.size() != before.queues.size()) return "a queue has state from nowhere";
  return "";
}

}  // namespace cohort
