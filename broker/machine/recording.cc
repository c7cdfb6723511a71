// What the machine writes down, and how it keeps what was written short.
#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "broker/machine/queue_machine.h"

namespace cohort {
namespace {

// What the journal needs beside names, bodies and lists; held to by restoring_test.cc.
constexpr size_t kImageBytes = 288;
constexpr size_t kTaskIdBytes = 32;
constexpr size_t kMostInARecord = 1024;

TaskImage ImageOf(const Task& task) {
  TaskImage image;
  image.spec.queue = task.queue->name();
  image.spec.id = task.id;
  image.spec.body = task.body;
  image.spec.priority = task.priority;
  if (task.results != nullptr) image.spec.results = task.results->name();
  if (task.obituaries != nullptr) image.spec.obituaries = task.obituaries->name();
  image.spec.children = task.children;
  image.spec.max_attempts = task.max_attempts;
  image.put_at = task.put_at;
  image.deadline = task.deadline;
  image.order = task.order;
  image.dead = task.state == TaskState::kDead;
  image.delivered = task.delivered;
  image.failures = task.failures;
  image.reasons = task.reasons;
  image.emitted = task.emitted;
  image.obituary = task.obituary;
  if (!task.lease.IsZero()) {
    image.lease = LeaseImage{task.holder, task.lease, task.state == TaskState::kAccepted};
  }
  return image;
}

}  // namespace

size_t ApproximateBytes(const TaskImage& task) {
  size_t bytes = kImageBytes + task.spec.queue.size() + task.spec.results.size() +
                 task.spec.obituaries.size() + task.spec.body.size() +
                 kTaskIdBytes * task.emitted.size();
  for (const std::string& reason : task.reasons) bytes += reason.size() + 16;
  if (task.obituary.has_value()) {
    bytes += 32 + task.obituary->detail.size() + kTaskIdBytes * task.obituary->emitted.size();
  }
  return bytes;
}

uint64_t QueueMachine::Record(Time now, ChangeOf what, Effects& effects) {
  ++tail_;
  if (MustBeSynced(what)) synced_tail_ = tail_;
  effects.changes.push_back({tail_, now, std::move(what)});
  return tail_;
}

void QueueMachine::RecordTask(Time now, Task* task, Effects& effects) {
  if (!task->queue->durable()) return;
  TaskImage image = ImageOf(*task);
  const size_t bytes = ApproximateBytes(image);
  record_order_.Place(task->entry, Record(now, TaskChange{std::move(image)}, effects), bytes);
}

void QueueMachine::RecordQueue(Time now, Queue* queue, Effects& effects) {
  if (!queue->durable()) return;
  QueueChange change;
  change.queue = queue->name();
  change.paused = queue->paused;
  change.floors = queue->floors();
  queue->record = Record(now, std::move(change), effects);
}

void QueueMachine::RecordStep(Time now, const Queue* queue, Entry* over, ChangeOf step,
                              const std::vector<Task*>& children, Effects& effects) {
  if (!queue->durable()) {
    for (Task* child : children) {
      RecordTask(now, child, effects);
      child->rests_on = child->entry->record;
    }
    return;
  }
  std::vector<TaskImage> images;
  std::vector<std::pair<Entry*, size_t>> placed;
  for (const Task* child : children) {
    if (!child->queue->durable()) continue;
    images.push_back(ImageOf(*child));
    placed.emplace_back(child->entry, ApproximateBytes(images.back()));
  }
  std::visit(
      [&images](auto& change) {
        if constexpr (requires { change.children; }) change.children = std::move(images);
      },
      step);
  const uint64_t record = Record(now, std::move(step), effects);
  for (const auto& [entry, bytes] : placed) {
    record_order_.Place(entry, record, bytes);
    entry->live->rests_on = record;
  }
  if (over != nullptr) record_order_.Place(over, record, kRememberedBytes);
}

uint64_t QueueMachine::After(const Queue* queue, const std::vector<TaskSpec>& children) const {
  for (const TaskSpec& child : children) {
    const Queue* to = FindQueue(child.queue);
    if (to != nullptr && to->durable()) return synced_tail_;
  }
  return After(queue);
}

void QueueMachine::Rewrite(Time now, uint64_t before, size_t bytes, Effects& effects) {
  if (start_record_ != 0 && start_record_ < before) {
    start_record_ = Record(now, StartChange{epoch_, remembered_since_}, effects);
  }
  for (const auto& [name, queue] : queues_) {
    if (queue->record != 0 && queue->record < before) RecordQueue(now, queue.get(), effects);
  }
  // Tasks that are over share a record with the others of their queue: alone, each would take
  // three times what it counts for.
  std::map<std::string_view, std::vector<Entry*>> over;  // by queue
  for (size_t written = 0; written < bytes;) {
    Recorded* oldest = record_order_.oldest();
    if (oldest == nullptr || oldest->record >= before) break;
    auto* entry = static_cast<Entry*>(oldest);
    written += entry->bytes;
    if (entry->live != nullptr) {
      RecordTask(now, entry->live.get(), effects);
      continue;
    }
    record_order_.Remove(entry);
    std::vector<Entry*>& entries = over[entry->queue->name()];
    entries.push_back(entry);
    if (entries.size() == kMostInARecord) {
      RecordRemembered(now, std::exchange(entries, {}), effects);
    }
  }
  for (const auto& [queue, entries] : over) RecordRemembered(now, entries, effects);
}

void QueueMachine::RecordRemembered(Time now, const std::vector<Entry*>& entries,
                                    Effects& effects) {
  if (entries.empty()) return;
  RememberedChange change;
  change.queue = entries.front()->queue->name();
  change.over.reserve(entries.size());
  for (const Entry* entry : entries) change.over.push_back({*entry->id, entry->settled_by});
  const uint64_t record = Record(now, std::move(change), effects);
  for (Entry* entry : entries) record_order_.Place(entry, record, kRememberedBytes);
}

void QueueMachine::RecordLease(Time now, const Task* task, Effects& effects) {
  if (!task->queue->durable()) return;
  const LeaseImage lease{task->holder, task->lease, task->state == TaskState::kAccepted};
  if (!effects.changes.empty()) {
    auto* before = std::get_if<LeaseChange>(&effects.changes.back().what);
    if (before != nullptr && before->queue == task->queue->name() &&
        before->given.size() < kMostInARecord) {
      before->given.push_back({task->id, lease});
      return;
    }
  }
  Record(now, LeaseChange{task->queue->name(), {{task->id, lease}}}, effects);
}

void QueueMachine::RecordRevive(Time now, Task* task, bool told, Effects& effects) {
  ReviveChange change;
  change.queue = task->queue->name();
  change.id = task->id;
  if (told && task->obituaries->durable()) change.obituaries = task->obituaries->name();
  if (!task->queue->durable()) {
    if (!change.obituaries.empty()) Record(now, std::move(change), effects);
    return;
  }
  change.task = ImageOf(*task);
  const size_t bytes = ApproximateBytes(*change.task);
  task->rests_on = Record(now, std::move(change), effects);
  record_order_.Place(task->entry, task->rests_on, bytes);
}

uint64_t QueueMachine::oldest_needed() {
  uint64_t oldest = tail_ + 1;
  if (start_record_ != 0) oldest = std::min(oldest, start_record_);
  for (const auto& [name, queue] : queues_) {
    if (queue->record != 0) oldest = std::min(oldest, queue->record);
  }
  if (const Recorded* entry = record_order_.oldest()) oldest = std::min(oldest, entry->record);
  return oldest;
}

}  // namespace cohort
