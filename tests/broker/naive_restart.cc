// What the naive broker makes of a restart.
//
// After a crash of the process nothing may have changed but what the machine does not write down: a
// lease that was handed back may be there again. A power cut may take back what no peer has been
// told, and only whole steps of it: whatever is there must still fit together.
#include <algorithm>
#include <utility>

#include "tests/broker/naive_broker.h"

namespace cohort {
namespace {

std::string Name(const TaskKey& key) { return key.first + " " + key.second.ToString(); }

}  // namespace

std::string NaiveBroker::JudgeLive(const Key& key, const TaskImage& image, const Afterlife& after,
                                   const PeerKnowledge& peers) const {
  const auto found = tasks_.find(key);
  const auto archived = archive_.find(key);
  const bool obituary = archived != archive_.end() && archived->second.obituary.has_value();
  if (found == tasks_.end()) {
    // An obituary that was withdrawn when its task was revived is back when the revival is lost.
    if (!after.power_cut || !(all_ended_.contains(key) || obituary)) {
      return "lives and never was there";
    }
    if (peers.IsOver(key)) return "lives although a peer knows that it is over";
  }
  const Task& task = found != tasks_.end() ? found->second : archive_.at(key);
  if (image.spec.body.view() != task.spec.body.view()) return "has another's body";
  if (image.spec.priority != task.spec.priority || image.spec.results != task.spec.results ||
      image.spec.obituaries != task.spec.obituaries ||
      image.spec.max_attempts != task.spec.max_attempts || image.deadline != task.deadline) {
    return "has other properties";
  }
  if (image.obituary.has_value() != task.obituary.has_value()) return "is an obituary or not";
  const auto tells = [&image](const std::optional<Obituary>& story) {
    return image.obituary->reason == story->reason && image.obituary->emitted == story->emitted;
  };
  if (image.obituary.has_value() && !tells(task.obituary)) {
    // The same where the revived task has ended again, and nobody was told.
    const auto stories = withdrawn_.find(key);
    const bool earlier = after.power_cut && !peers.WasTold(key, *task.obituary) &&
                         stories != withdrawn_.end() &&
                         std::any_of(stories->second.begin(), stories->second.end(), tells);
    if (!earlier) return "tells another story";
  }
  if (task.tells_of.has_value()) {
    const auto told = after.dump.live.find(*task.tells_of);
    if (told != after.dump.live.end() && !told->second.dead) return "is of a task that lives";
  }
  if (image.dead && !image.spec.obituaries.empty() &&
      !after.dump.Knows({image.spec.obituaries, key.second})) {
    return "is dead and has no obituary";
  }
  for (const TaskId& child : image.emitted) {
    const auto is_child = [&](const Key& each) { return each.second == child; };
    const auto mine = std::find_if(task.children.begin(), task.children.end(), is_child);
    if (mine == task.children.end()) return "has emitted what it never did";
    if (IsDurable(mine->first) && !after.dump.Knows(*mine)) return "lacks a child it has emitted";
  }
  if (image.lease.has_value()) {
    const auto lease = all_leases_.find(image.lease->key);
    if (lease == all_leases_.end() || lease->second != std::make_pair(key, image.lease->session)) {
      return "is leased to somebody who never had it";
    }
  }
  if (after.power_cut) {
    if (found != tasks_.end() && image.failures > task.most_failures) return "has burnt attempts";
    return "";
  }
  if (image.failures != task.failures) return "has other failures";
  if (image.dead != (task.state == State::kDead)) return "is dead or not";
  if (image.delivered != task.delivered) return "was delivered or not";
  if (image.emitted != task.emitted) return "has another list of emitted children";
  if (task.state != State::kLeased && task.state != State::kAccepted) return "";
  const LeaseKey lease{task.token.epoch, task.token.lease};
  if (!image.lease.has_value() || image.lease->key != lease) return "has lost its lease";
  if (image.lease->accepted != (task.state == State::kAccepted)) return "is accepted or not";
  return "";
}

std::string NaiveBroker::JudgeOver(const Key& key, LeaseKey by, const Afterlife& after) const {
  const auto found = all_ended_.find(key);
  if (found == all_ended_.end()) return "is over and never was";
  if (tasks_.contains(key)) return "is over although it lives";
  if (!after.power_cut && !ended_.contains(key)) return "is remembered below the floor";
  const Over& over = found->second;
  if (over.by != by) return "was settled by another lease";
  for (const Key& child : over.children) {
    if (IsDurable(child.first) && !after.dump.Knows(child)) {
      return "is settled without its child " + Name(child);
    }
  }
  if (over.obituary.has_value() && IsDurable(over.obituary->first) &&
      !after.dump.Knows(*over.obituary)) {
    return "is over without its obituary";
  }
  return "";
}

std::string NaiveBroker::JudgeMissing(const Key& key, const Afterlife& after,
                                      const PeerKnowledge& peers) const {
  if (!IsDurable(key.first) || after.dump.live.contains(key) || after.dump.over.contains(key)) {
    return "";
  }
  // Tasks that live are there even below a floor; those that are over are forgotten.
  const bool lives = tasks_.contains(key);
  const bool may_be_over = !lives || (after.power_cut && all_ended_.contains(key));
  if (after.dump.BelowFloor(key) && may_be_over) return "";
  if (!after.power_cut) return lives ? "is lost" : "is over and forgotten";
  if (!peers.Exists(key)) return "";
  // An obituary that was withdrawn, whose task has ended again: that second end may be lost.
  if (withdrawn_.contains(key)) {
    const auto subject = after.dump.live.find(*archive_.at(key).tells_of);
    if (subject != after.dump.live.end() && !subject->second.dead) return "";
  }
  return "is lost although a peer knows of it";
}

std::string NaiveBroker::JudgeRestored(const Key& key, const Afterlife& after,
                                       const PeerKnowledge& peers) const {
  if (const auto live = after.dump.live.find(key); live != after.dump.live.end()) {
    return JudgeLive(key, live->second, after, peers);
  }
  if (const auto over = after.dump.over.find(key); over != after.dump.over.end()) {
    return JudgeOver(key, over->second, after);
  }
  return JudgeMissing(key, after, peers);
}

std::string NaiveBroker::Restart(Time now, const Afterlife& after, const PeerKnowledge& peers) {
  if (after.epoch <= epoch_) return "the epoch does not grow";
  const bool remembers = config_.durable && config_.memory_queues.empty();
  if (after.remembered_since != (remembers ? remembered_since_ : after.epoch)) {
    return "remembered since the wrong epoch";
  }
  std::set<Key> keys;
  for (const auto& [key, task] : tasks_) keys.insert(key);
  for (const auto& [key, over] : all_ended_) keys.insert(key);
  for (const auto& [key, image] : after.dump.live) keys.insert(key);
  for (const auto& [key, by] : after.dump.over) keys.insert(key);
  for (const Key& key : keys) {
    const bool is_there = after.dump.live.contains(key) || after.dump.over.contains(key);
    if (is_there && !IsDurable(key.first)) return Name(key) + " lived in memory and is there";
    const std::string wrong = JudgeRestored(key, after, peers);
    if (!wrong.empty()) return Name(key) + " " + wrong;
  }
  for (const auto& [space, cursor] : floors_) {
    const auto& [queue, run, in] = space;
    if (!IsDurable(queue) || cursor == 0) continue;
    const auto state = after.dump.queues.find(queue);
    const bool there = state != after.dump.queues.end() && state->second.floors.contains({run, in});
    const uint64_t floor = there ? state->second.floors.at({run, in}) : 0;
    if (floor > cursor || (floor < cursor && !after.power_cut)) return "another floor of " + queue;
  }
  for (const std::string& queue : paused_) {
    const auto state = after.dump.queues.find(queue);
    const bool there = state != after.dump.queues.end() && state->second.paused;
    if (IsDurable(queue) && !there && !after.power_cut) return queue + " is not paused any more";
  }
  Adopt(now, after);
  return "";
}

void NaiveBroker::Adopt(Time now, const Afterlife& after) {
  epoch_ = after.epoch;
  remembered_since_ = after.remembered_since;
  started_ = last_ = now_ = now;
  skipped_ = Duration(0);
  puts_refused_ = false;
  queues_ = after.queues;
  paused_.clear();
  for (const auto& [name, queue] : after.dump.queues) {
    if (queue.paused) paused_.insert(name);
  }
  flows_ = after.flows;
  const std::map<Key, Task> before = std::exchange(tasks_, {});
  leases_.clear();
  sessions_.clear();
  superseded_.clear();
  waiting_.clear();
  expected_.clear();
  expected_operated_.clear();
  expected_lost_.clear();
  contended_.clear();
  lower_.clear();
  for (const auto& [key, image] : after.dump.live) {
    const auto known = before.find(key);
    Task task = known != before.end() ? known->second : archive_.at(key);
    task.state = image.dead ? State::kDead : State::kReady;
    task.delivered = image.delivered;
    task.failures = image.failures;
    task.emitted = image.emitted;
    task.obituary = image.obituary;
    std::erase_if(task.children, [&](const Key& child) {
      return std::find(image.emitted.begin(), image.emitted.end(), child.second) ==
             image.emitted.end();
    });
    task.started = false;
    task.failed_by = 0;
    task.holder = 0;
    task.token = {};
    if (image.lease.has_value()) {
      task.state = image.lease->accepted ? State::kAccepted : State::kLeased;
      task.holder = image.lease->session;
      task.token = {image.lease->key.epoch, image.lease->key.lease, task.failures + 1};
      task.lease_ends = now + config_.lease;
      leases_[task.token] = key;
      Session& session = sessions_[task.holder];
      session.connected = false;
      session.restored = true;
      session.lost_at = now;
    }
    tasks_.emplace(key, std::move(task));
  }
  std::erase_if(all_ended_, [&](const auto& each) {
    return after.dump.live.contains(each.first) || !after.dump.Knows(each.first);
  });
  ended_.clear();
  for (const auto& [key, by] : after.dump.over) ended_[key] = all_ended_.at(key);
  floors_.clear();
  for (const auto& [name, queue] : after.dump.queues) {
    for (const auto& [space, cursor] : queue.floors) {
      floors_[{name, space.first, space.second}] = cursor;
    }
  }
}

}  // namespace cohort
