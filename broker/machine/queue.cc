#include "broker/machine/queue.h"

#include <algorithm>

namespace cohort {
namespace {

constexpr uint32_t kTurnsPerLowerPriority = 8;

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
  for (auto& [id, entry] : known_) order_.Remove(&entry);
}

Task* Queue::Find(const TaskId& id) const {
  const auto found = known_.find(id);
  return found == known_.end() ? nullptr : found->second.live.get();
}

bool Queue::Knows(const TaskId& id) const { return known_.contains(id) || IsBelowFloor(id); }

bool Queue::IsBelowFloor(const TaskId& id) const {
  const auto found = floors_.find({id.run, id.space});
  return found != floors_.end() && id.cursor < found->second;
}

LeaseKey Queue::SettledBy(const TaskId& id) const {
  const auto found = known_.find(id);
  if (found == known_.end() || found->second.live != nullptr) return {};
  return found->second.settled_by;
}

Task* Queue::Insert(std::unique_ptr<Task> task) {
  Task* raw = task.get();
  const auto place = known_.try_emplace(raw->id).first;
  Entry& entry = place->second;
  entry.queue = this;
  entry.id = &place->first;
  entry.live = std::move(task);
  live_ += 1;
  raw->entry = &entry;
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
    known_.erase(known_.find(task->id));
    return nullptr;
  }
  entry->settled_by = settled_by;
  entry->live.reset();
  return entry;
}

Entry* Queue::Remember(const TaskId& id, LeaseKey settled_by) {
  if (IsBelowFloor(id) || config_.broken.no_dedupe) return nullptr;
  const auto place = known_.try_emplace(id).first;
  place->second.queue = this;
  place->second.id = &place->first;
  place->second.settled_by = settled_by;
  return &place->second;
}

std::vector<Task*> Queue::Live() const {
  std::vector<Task*> tasks;
  for (const auto& [id, entry] : known_) {
    if (entry.live != nullptr) tasks.push_back(entry.live.get());
  }
  return tasks;
}

void Queue::Withdraw(Task* task) {
  const TaskId id = task->id;
  if (Erase(task, {}) != nullptr) known_.erase(known_.find(id));
}

bool Queue::RaiseFloor(uint64_t run, uint64_t space, uint64_t cursor) {
  uint64_t& floor = floors_[{run, space}];
  if (cursor <= floor) return false;
  const TaskId from{run, space, floor, 0};
  const TaskId to{run, space, cursor, 0};
  floor = cursor;
  for (auto each = known_.lower_bound(from); each != known_.end() && each->first < to;) {
    if (each->second.live != nullptr) {
      ++each;
      continue;
    }
    order_.Remove(&each->second);
    each = known_.erase(each);
  }
  return true;
}

std::vector<Task*> Queue::InRange(uint64_t run, uint64_t space, uint64_t first,
                                  uint64_t last) const {
  std::vector<Task*> tasks;
  for (auto each = known_.lower_bound(TaskId{run, space, first, 0}); each != known_.end(); ++each) {
    const TaskId& id = each->first;
    if (id.run != run || id.space != space || id.cursor > last) break;
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
    for (const auto& [id, entry] : known_) {
      if (entry.live == nullptr || entry.live->state != state) continue;
      if (!add(entry.live.get())) return tasks;
    }
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
    if (consumer->HasCredit()) return consumer;
    consumer->waiting_turn = false;
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
  consumer->sent_tasks += 1;
  consumer->sent_bytes += bytes;
  circle_.erase(std::find(circle_.begin(), circle_.end(), consumer->session));
  consumer->waiting_turn = consumer->HasCredit();
  if (consumer->waiting_turn) circle_.push_back(consumer->session);
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
