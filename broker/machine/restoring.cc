// How a machine comes to know what an earlier one wrote down.
#include <algorithm>
#include <utility>

#include "broker/machine/queue_machine.h"

namespace cohort {

Task* QueueMachine::FindTask(const std::string& name, const TaskId& id) const {
  const Queue* queue = FindQueue(name);
  return queue == nullptr ? nullptr : queue->Find(id);
}

// Until Start every task but the dead ones is "delayed", a state that nothing else hangs on.
Task* QueueMachine::RestoreTask(TaskImage image, uint64_t sequence) {
  Queue* queue = TouchQueue(image.spec.queue);
  if (queue == nullptr) return nullptr;
  Task* before = queue->Find(image.spec.id);
  if (before == nullptr || before->order != image.order) {
    // No two tasks may have the same one, whatever a file says.
    if (!restored_orders_.insert(image.order).second) image.order = next_order_ + 1;
    restored_orders_.insert(image.order);
  }
  if (before != nullptr) queue->Erase(before, {});
  const size_t bytes = ApproximateBytes(image);
  auto task = std::make_unique<Task>();
  task->queue = queue;
  task->id = image.spec.id;
  task->body = std::move(image.spec.body);
  task->priority = image.spec.priority;
  if (!image.spec.results.empty()) task->results = TouchQueue(image.spec.results);
  if (task->results != nullptr) queue->flows_to.insert(task->results);
  if (!image.spec.obituaries.empty()) task->obituaries = TouchQueue(image.spec.obituaries);
  task->children = image.spec.children;
  task->max_attempts = image.spec.max_attempts;
  task->put_at = image.put_at;
  task->deadline = image.deadline;
  task->obituary = std::move(image.obituary);
  task->state = image.dead ? TaskState::kDead : TaskState::kDelayed;
  task->order = image.order;
  task->delivered = image.delivered;
  task->failures = image.failures;
  task->reasons = std::move(image.reasons);
  task->emitted = std::move(image.emitted);
  if (image.lease.has_value()) {
    task->holder = image.lease->session;
    task->lease = image.lease->key;
    task->restored_as_accepted = image.lease->accepted;
  }
  next_order_ = std::max(next_order_, task->order);
  Task* raw = queue->Insert(std::move(task));
  if (queue->durable()) record_order_.Place(raw->entry, sequence, bytes);
  return raw;
}

void QueueMachine::RestoreChildren(std::vector<TaskImage> children, uint64_t sequence) {
  for (TaskImage& child : children) RestoreTask(std::move(child), sequence);
}

void QueueMachine::SkipTo(uint64_t sequence) { tail_ = std::max(tail_, sequence); }

void QueueMachine::Restore(Change change) {
  tail_ = std::max(tail_, change.sequence);
  const uint64_t sequence = change.sequence;
  const auto remember = [&](const std::string& name, const TaskId& id, LeaseKey by) {
    Queue* queue = TouchQueue(name);
    if (queue == nullptr) return;
    Task* task = queue->Find(id);
    Entry* entry = task != nullptr ? queue->Erase(task, by) : queue->Remember(id, by);
    if (entry != nullptr && queue->durable()) {
      record_order_.Place(entry, sequence, kRememberedBytes);
    }
  };
  if (auto* start = std::get_if<StartChange>(&change.what)) {
    epoch_ = std::max(epoch_, start->epoch + 1);
    remembered_since_ = start->remembered_since;
    start_record_ = sequence;
  } else if (auto* state = std::get_if<QueueChange>(&change.what)) {
    Queue* queue = TouchQueue(state->queue);
    if (queue == nullptr) return;
    for (const auto& [space, cursor] : state->floors) {
      queue->RaiseFloor(space.first, space.second, cursor);
    }
    queue->paused = state->paused;
    queue->record = sequence;
  } else if (auto* task = std::get_if<TaskChange>(&change.what)) {
    RestoreTask(std::move(task->task), sequence);
  } else if (auto* remembered = std::get_if<RememberedChange>(&change.what)) {
    for (const auto& [id, by] : remembered->over) remember(remembered->queue, id, by);
  } else if (auto* leases = std::get_if<LeaseChange>(&change.what)) {
    for (const auto& [id, lease] : leases->given) {
      Task* task = FindTask(leases->queue, id);
      if (task == nullptr) continue;
      task->delivered = true;
      task->holder = lease.session;
      task->lease = lease.key;
      task->restored_as_accepted = lease.accepted;
    }
  } else if (auto* failure = std::get_if<FailureChange>(&change.what)) {
    if (Task* task = FindTask(failure->queue, failure->id)) {
      task->failures += 1;
      task->reasons.push_back(failure->reason);
      task->lease = {};
    }
  } else if (auto* emit = std::get_if<EmitChange>(&change.what)) {
    if (Task* task = FindTask(emit->queue, emit->id)) {
      for (const TaskId& id : emit->emitted) {
        if (std::find(task->emitted.begin(), task->emitted.end(), id) == task->emitted.end()) {
          task->emitted.push_back(id);
        }
      }
    }
    RestoreChildren(std::move(emit->children), sequence);
  } else if (auto* settle = std::get_if<SettleChange>(&change.what)) {
    remember(settle->queue, settle->id, settle->by);
    RestoreChildren(std::move(settle->children), sequence);
  } else if (auto* end = std::get_if<EndChange>(&change.what)) {
    Task* task = FindTask(end->queue, end->id);
    if (!end->dead_letter) {
      remember(end->queue, end->id, {});
    } else if (task != nullptr) {
      task->lease = {};
      task->queue->SetState(task, TaskState::kDead);
    }
    RestoreChildren(std::move(end->children), sequence);
  } else if (auto* revive = std::get_if<ReviveChange>(&change.what)) {
    if (Task* told = FindTask(revive->obituaries, revive->id)) told->queue->Withdraw(told);
    if (revive->task.has_value()) RestoreTask(*std::move(revive->task), sequence);
  }
}

void QueueMachine::StartTask(Task* task) {
  if (task->lease.IsZero()) task->holder = 0;
  if (task->state == TaskState::kDead) return;
  const bool accepted = std::exchange(task->restored_as_accepted, false);
  if (task->lease.IsZero()) {
    task->queue->SetState(task, TaskState::kReady);
  } else {
    Session& session = sessions_[task->holder];
    session.id = task->holder;
    session.restored = true;
    session.lost_at = started_;
    session.leases.emplace(task->lease, task);
    task->queue->SetState(task, accepted ? TaskState::kAccepted : TaskState::kLeased);
    task->lease_ends = started_ + config_.lease;
    if (!accepted) lease_timers_.emplace(std::make_pair(task->lease_ends, task->order), task);
  }
  if (task->deadline != Time::max() && task->state != TaskState::kAccepted) {
    deadline_timers_.emplace(std::make_pair(task->deadline, task->order), task);
  }
}

void QueueMachine::Start(Time now, bool damaged, Effects& effects) {
  started_ = last_turn_ = next_session_check_ = now;
  restored_orders_.clear();
  if (start_record_ == 0 || damaged) remembered_since_ = epoch_;
  for (const auto& [name, queue] : queues_) {
    for (Task* task : queue->Live()) StartTask(task);
    MarkDirty(queue.get());
  }
  if (config_.durable) {
    start_record_ = Record(now, StartChange{epoch_, remembered_since_}, effects);
  }
  Pump(now, effects);
}

uint64_t QueueMachine::remembered_since() const {
  return config_.durable && config_.memory_queues.empty() ? remembered_since_ : epoch_;
}

void QueueMachine::RefusePuts(const std::string& why) {
  if (puts_refused_.empty() == why.empty()) return;
  puts_refused_ = why;
  for (const auto& [name, queue] : queues_) MarkDirty(queue.get());
}

}  // namespace cohort
