#include "broker/machine/queue.h"

#include <algorithm>
#include <utility>

namespace cohort {
namespace {

constexpr uint32_t kTurnsPerLowerPriority = 8;
// An eighth of what a consumer has room for is given to it in a row where several tasks are due:
// they share a message, as do their answers.
constexpr uint64_t kRowOfCredit = 8;
constexpr uint64_t kLongestRow = 32;

bool IsDurable(const std::string& queue, const MachineConfig& config) {
  const auto matches = [&queue](const std::string& pattern) {
    return pattern.ends_with('*') ? queue.starts_with(pattern.substr(0, pattern.size() - 1))
                                  : queue == pattern;
  };
  return config.durable &&
         std::none_of(config.memory_queues.begin(), config.memory_queues.end(), matches);
}

}  // namespace

Queue::Queue(std::string name, const MachineConfig& config, RecordOrder* order)
    : name_(std::move(name)), config_(config), order_(*order), durable_(IsDurable(name_, config)) {}

Queue::~Queue() {
  for (auto& [space, ids] : known_) {
    for (auto& [id, entry] : ids) order_.Remove(&entry);
  }
}

const Entry* Queue::Lookup(const TaskId& id) const {
  const auto space = known_.find({id.run, id.space});
  if (space == known_.end()) return nullptr;
  const Ids& ids = space->second;
  // A producer's new ids come after those that are there.
  if (WithinSpace()(ids.rbegin()->first, id)) return nullptr;
  const auto found = ids.find(id);
  return found == ids.end() ? nullptr : &found->second;
}

Entry* Queue::MakeEntry(const TaskId& id) {
  Ids& ids = known_[{id.run, id.space}];
  const size_t before = ids.size();
  const auto place = ids.try_emplace(ids.end(), id);
  known_count_ += ids.size() - before;
  place->second.queue = this;
  place->second.id = &place->first;
  return &place->second;
}

void Queue::EraseEntry(const TaskId& id) {
  const auto space = known_.find({id.run, id.space});
  known_count_ -= space->second.erase(TaskId(id));
  if (space->second.empty()) known_.erase(space);
}

Task* Queue::Find(const TaskId& id) const {
  const Entry* entry = Lookup(id);
  return entry == nullptr ? nullptr : entry->live.get();
}

bool Queue::Knows(const TaskId& id) const { return Lookup(id) != nullptr || IsBelowFloor(id); }

bool Queue::IsBelowFloor(const TaskId& id) const {
  const auto found = floors_.find({id.run, id.space});
  return found != floors_.end() && id.cursor < found->second;
}

LeaseKey Queue::SettledBy(const TaskId& id) const {
  const Entry* entry = Lookup(id);
  return entry == nullptr || entry->live != nullptr ? LeaseKey() : entry->settled_by;
}

Task* Queue::Insert(std::unique_ptr<Task> task) {
  Task* raw = task.get();
  raw->entry = MakeEntry(raw->id);
  raw->entry->live = std::move(task);
  live_ += 1;
  Account(raw, raw->state, +1);
  if (raw->state == TaskState::kReady) ready_[raw->priority].emplace(Place(raw), raw);
  if (raw->state == TaskState::kDead) dead_.emplace(raw->order, raw);
  return raw;
}

Entry* Queue::Erase(Task* task, LeaseKey settled_by) {
  if (task->state == TaskState::kReady) SetState(task, TaskState::kLeased);  // out of the order
  if (task->state == TaskState::kLeased) phases_.erase(task->order);
  if (task->state == TaskState::kDead) dead_.erase(task->order);
  Account(task, task->state, -1);
  Entry* entry = task->entry;
  order_.Remove(entry);
  live_ -= 1;
  if (IsBelowFloor(task->id) || config_.broken.no_dedupe) {
    EraseEntry(task->id);
    return nullptr;
  }
  entry->settled_by = settled_by;
  entry->live.reset();
  return entry;
}

Entry* Queue::Remember(const TaskId& id, LeaseKey settled_by) {
  if (IsBelowFloor(id) || config_.broken.no_dedupe) return nullptr;
  Entry* entry = MakeEntry(id);
  entry->settled_by = settled_by;
  return entry;
}

std::vector<Task*> Queue::Live() const {
  std::vector<Task*> tasks;
  ForEach([&tasks](const Entry& entry) {
    if (entry.live != nullptr) tasks.push_back(entry.live.get());
    return true;
  });
  return tasks;
}

void Queue::Withdraw(Task* task) {
  const TaskId id = task->id;
  if (Erase(task, {}) != nullptr) EraseEntry(id);
}

bool Queue::RaiseFloor(uint64_t run, uint64_t space, uint64_t cursor) {
  uint64_t& floor = floors_[{run, space}];
  if (cursor <= floor) return false;
  const uint64_t from = std::exchange(floor, cursor);
  const auto known = known_.find({run, space});
  if (known == known_.end()) return true;
  Ids& ids = known->second;
  for (auto each = ids.lower_bound({run, space, from, 0});
       each != ids.end() && each->first.cursor < cursor;) {
    if (each->second.live != nullptr) {
      ++each;
      continue;
    }
    order_.Remove(&each->second);
    each = ids.erase(each);
    known_count_ -= 1;
  }
  if (ids.empty()) known_.erase(known);
  return true;
}

std::vector<Task*> Queue::InRange(uint64_t run, uint64_t space, uint64_t first,
                                  uint64_t last) const {
  std::vector<Task*> tasks;
  const auto known = known_.find({run, space});
  if (known == known_.end()) return tasks;
  const Ids& ids = known->second;
  for (auto each = ids.lower_bound({run, space, first, 0});
       each != ids.end() && each->first.cursor <= last; ++each) {
    if (each->second.live != nullptr) tasks.push_back(each->second.live.get());
  }
  return tasks;
}

void Queue::Account(const Task* task, TaskState state, int sign) {
  const auto change = [sign](uint64_t& value, uint64_t by) { value += sign > 0 ? by : 0 - by; };
  change(counts_[static_cast<size_t>(state)], 1);
  uint64_t& bytes = state == TaskState::kAccepted ? held_bytes_
                    : state == TaskState::kDead   ? dead_bytes_
                                                  : bounded_bytes_;
  change(bytes, task->body.size());
}

void Queue::SetState(Task* task, TaskState state) {
  if (task->state == TaskState::kReady) {
    const auto level = ready_.find(task->priority);
    level->second.erase(Place(task));
    if (level->second.empty()) ready_.erase(level);
  }
  if (task->state == TaskState::kLeased) phases_.erase(task->order);
  if (task->state == TaskState::kDead) dead_.erase(task->order);
  Account(task, task->state, -1);
  task->state = state;
  Account(task, state, +1);
  if (state == TaskState::kReady) ready_[task->priority].emplace(Place(task), task);
  if (state == TaskState::kDead) dead_.emplace(task->order, task);
}

void Queue::NotePhase(Time now, const Task* task, std::string phase) {
  if (phase.empty()) {
    phases_.erase(task->order);
    return;
  }
  Phase& noted = phases_[task->order];
  if (noted.text != phase) noted = {task->id, std::move(phase), now};
}

std::vector<Task*> Queue::Candidates() const {
  std::vector<Task*> heads;
  heads.reserve(ready_.size());
  for (const auto& [priority, level] : ready_) heads.push_back(level.begin()->second);
  if (turn_ + 1 == kTurnsPerLowerPriority && heads.size() > 1) {
    // Of the lower priorities the one whose head is oldest, so that none of them starves.
    const auto oldest = std::min_element(heads.begin() + 1, heads.end(),
                                         [](Task* a, Task* b) { return a->order < b->order; });
    std::rotate(heads.begin(), oldest, oldest + 1);
  }
  return heads;
}

void Queue::CountDelivery(const Task* task) {
  // A turn is used up only where there was somebody to wait behind somebody.
  const bool contended =
      ready_.size() > 1 || (ready_.size() == 1 && !ready_.contains(task->priority));
  if (contended) turn_ = (turn_ + 1) % kTurnsPerLowerPriority;
  totals.deliveries += 1;
  if (task->delivered) totals.redeliveries += 1;
}

uint64_t Queue::bounded_tasks() const {
  return count(TaskState::kReady) + count(TaskState::kLeased) + count(TaskState::kDelayed);
}

bool Queue::HasRoomFor(size_t bytes) const {
  return !RemembersTooMany() && bounded_tasks() + 1 <= config_.queue_tasks &&
         bounded_bytes_ + bytes <= config_.queue_bytes;
}

bool Queue::IsFull() const {
  return bounded_tasks() >= config_.queue_tasks || bounded_bytes_ >= config_.queue_bytes;
}

bool Queue::MayHold(size_t bytes) const {
  return count(TaskState::kAccepted) + 1 <= config_.held_tasks &&
         held_bytes_ + bytes <= config_.held_bytes;
}

std::vector<Task*> Queue::InState(TaskState state, size_t limit) const {
  std::vector<Task*> tasks;
  const auto add = [&](Task* task) {
    if (tasks.size() < limit) tasks.push_back(task);
    return tasks.size() < limit;
  };
  if (state == TaskState::kReady) {
    for (const auto& [priority, level] : ready_) {
      for (const auto& [place, task] : level) {
        if (!add(task)) return tasks;
      }
    }
  } else if (state == TaskState::kDead) {
    for (const auto& [order, task] : dead_) {
      if (!add(task)) return tasks;
    }
  } else if (count(state) > 0) {
    ForEach([&](const Entry& entry) {
      return entry.live == nullptr || entry.live->state != state || add(entry.live.get());
    });
  }
  return tasks;
}

bool Queue::TooManyDead() const {
  return dead_.size() > config_.dead_tasks || dead_bytes_ > config_.dead_bytes;
}

Consumer* Queue::FindConsumer(SessionId session) {
  const auto found = consumers_.find(session);
  return found == consumers_.end() ? nullptr : &found->second;
}

void Queue::AddConsumer(SessionId session) {
  Consumer consumer;
  consumer.session = session;
  consumers_.emplace(session, consumer);
}

void Queue::RemoveConsumer(SessionId session) {
  if (!circle_.empty() && circle_.front() == session) row_left_ = 0;
  consumers_.erase(session);
  std::erase(circle_, session);
}

void Queue::SetCredit(SessionId session, uint64_t tasks, uint64_t bytes) {
  Consumer* consumer = FindConsumer(session);
  if (consumer == nullptr) return;
  consumer->granted_tasks = tasks;
  consumer->granted_bytes = bytes;
  if (consumer->HasCredit() && !consumer->waiting_turn) {
    consumer->waiting_turn = true;
    circle_.push_back(session);
  }
}

Consumer* Queue::NextConsumer() {
  while (!circle_.empty()) {
    Consumer* consumer = FindConsumer(circle_.front());
    if (consumer->HasCredit()) {
      if (row_left_ > 0 || consumer->ahead == 0) return consumer;
      consumer->ahead -= 1;
      circle_.push_back(consumer->session);
    } else {
      consumer->waiting_turn = false;
      row_left_ = 0;
    }
    circle_.pop_front();
  }
  return nullptr;
}

Consumer* Queue::NextConsumerBut(SessionId session) {
  for (const SessionId each : circle_) {
    Consumer* consumer = FindConsumer(each);
    if (each != session && consumer->HasCredit()) return consumer;
  }
  return nullptr;
}

void Queue::Charge(Consumer* consumer, size_t bytes) {
  const bool first = circle_.front() == consumer->session;
  if (first && row_left_ == 0) {
    const uint64_t room = consumer->granted_tasks - consumer->sent_tasks;
    row_left_ = std::clamp<uint64_t>(room / kRowOfCredit, 1, kLongestRow);
  }
  consumer->sent_tasks += 1;
  consumer->sent_bytes += bytes;
  if (first && --row_left_ > 0 && consumer->HasCredit()) {
    consumer->ahead += 1;
    return;
  }
  if (first) row_left_ = 0;
  circle_.erase(std::find(circle_.begin(), circle_.end(), consumer->session));
  consumer->waiting_turn = consumer->HasCredit();
  if (consumer->waiting_turn) circle_.push_back(consumer->session);
}

void Queue::EndRow() {
  if (row_left_ == 0) return;
  row_left_ = 0;
  // It was counted as ahead for the task that it did not get.
  Consumer* consumer = FindConsumer(circle_.front());
  consumer->ahead -= 1;
  circle_.push_back(consumer->session);
  circle_.pop_front();
}

double Queue::OldestAgeSeconds(Time now) const {
  Time oldest = now;
  for (const auto& [priority, level] : ready_) {
    oldest = std::min(oldest, level.begin()->second->put_at);
    const auto fresh = level.lower_bound({true, 0});
    if (fresh != level.end()) oldest = std::min(oldest, fresh->second->put_at);
  }
  return ToSeconds(now - oldest);
}

std::string Queue::WaitsForText() const {
  switch (waits_for) {
    case WaitReason::kNothing:
      return "";
    case WaitReason::kRestartGrace:
      return "the end of the grace after the broker's start";
    case WaitReason::kStopped:
      return "the broker to start again: it is stopping";
    case WaitReason::kPaused:
      return "an operator to resume it (paused)";
    case WaitReason::kDisk:
      return "room for the journal on the disk";
    case WaitReason::kResultsFull:
      return "room in " + (blocked_on != nullptr ? blocked_on->name() : std::string("its results"));
    case WaitReason::kConsumer:
      return "a consumer";
    case WaitReason::kCredit:
      return "a consumer with credit";
    case WaitReason::kFloor:
      return "a floor from the producer: it remembers " + std::to_string(remembered()) +
             " ids (broker.remembered_ids), puts are held back";
    case WaitReason::kRoom:
      return "answers for leased tasks (full, puts are held back)";
  }
  return "";
}

QueueSnapshot Queue::Snapshot(Time now) const {
  QueueSnapshot snapshot;
  snapshot.totals = totals;
  snapshot.held_back_puts = waiting.size();
  snapshot.held_bytes = held_bytes_;
  QueueStats& stats = snapshot.stats;
  stats.name = name_;
  stats.ready = count(TaskState::kReady);
  stats.leased = count(TaskState::kLeased);
  stats.accepted = count(TaskState::kAccepted);
  stats.delayed = count(TaskState::kDelayed);
  stats.dead = count(TaskState::kDead);
  stats.bytes = bounded_bytes_ + held_bytes_ + dead_bytes_;
  stats.oldest_age_seconds = OldestAgeSeconds(now);
  stats.puts = totals.puts;
  stats.deliveries = totals.deliveries;
  stats.settles = totals.settled;
  stats.redeliveries = totals.redeliveries;
  stats.stale_answers = totals.stale_answers;
  for (const auto& [reason, count] : totals.refused) stats.refused += count;
  stats.subscribers = consumers_.size();
  stats.paused = paused;
  stats.waits_for = WaitsForText();
  stats.waits_since_seconds = waits_for == WaitReason::kNothing ? 0 : ToSeconds(now - waits_since);
  if (!phases_.empty()) {
    const Phase& oldest = phases_.begin()->second;
    stats.phase = oldest.text;
    stats.phase_since_seconds = ToSeconds(now - oldest.since);
    stats.phase_of = oldest.of;
  }
  if (!waiting.empty() && (waits_for == WaitReason::kRoom || waits_for == WaitReason::kFloor)) {
    snapshot.waits_at = waiting.front().task.id.ToString();
  } else if (waits_for != WaitReason::kNothing && !ready_.empty()) {
    snapshot.waits_at = ready_.begin()->second.begin()->second->id.ToString();
  }
  return snapshot;
}

}  // namespace cohort
