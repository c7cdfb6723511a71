// How tasks come to be, change hands and end.
#include <algorithm>
#include <cmath>
#include <utility>

#include "broker/machine/queue_machine.h"
#include "libs/base/rng.h"

namespace cohort {
namespace {

std::string JoinReasons(const std::vector<std::string>& reasons) {
  std::string joined;
  for (const std::string& reason : reasons) {
    if (!joined.empty()) joined += "; ";
    joined += reason;
  }
  return joined;
}

LeaseToken TokenOf(const Task* task) {
  return {task->lease.epoch, task->lease.lease, task->failures + 1};
}

}  // namespace

Queue* QueueMachine::FindQueue(const std::string& name) const {
  const auto found = queues_.find(name);
  return found == queues_.end() ? nullptr : found->second.get();
}

Queue* QueueMachine::TouchQueue(const std::string& name) {
  if (Queue* queue = FindQueue(name)) return queue;
  if (queues_.size() >= config_.queues) return nullptr;
  auto queue = std::make_unique<Queue>(name, config_, &record_order_);
  return queues_.emplace(name, std::move(queue)).first->second.get();
}

Status QueueMachine::CheckSpec(const TaskSpec& spec) {
  for (const std::string* name : {&spec.queue, &spec.results, &spec.obituaries}) {
    if (!name->empty() && TouchQueue(*name) == nullptr) {
      return ResourceExhausted("queue " + *name + " would be one more than the broker's " +
                               std::to_string(config_.queues));
    }
  }
  Queue* queue = FindQueue(spec.queue);
  if (!spec.results.empty()) {
    const Status flows = Connect(queue, FindQueue(spec.results));
    if (!flows.ok()) return flows.WithContext("task " + spec.id.ToString());
  }
  for (const std::string* name : {&spec.results, &spec.obituaries}) {
    if (!name->empty() && queue->durable() && !FindQueue(*name)->durable()) {
      return InvalidArgument("task " + spec.id.ToString() + ": " + *name +
                             " lives in memory and is less durable than " + spec.queue +
                             "; take it out of broker.memory_queues, or add " + spec.queue);
    }
  }
  if (spec.body.size() > config_.queue_bytes) {
    FindQueue(spec.queue)->totals.refused["too_large"] += 1;
    return ResourceExhausted("task " + spec.id.ToString() + " of " +
                             std::to_string(spec.body.size()) + " bytes is larger than queue " +
                             spec.queue + " may be (broker.queue_bytes)");
  }
  return Status();
}

Status QueueMachine::Connect(Queue* from, Queue* to) {
  if (from->flows_to.contains(to)) return Status();
  std::vector<Queue*> reached = {to};
  for (size_t i = 0; i < reached.size(); ++i) {
    if (reached[i] == from) {
      return InvalidArgument("results would flow from " + from->name() + " through " + to->name() +
                             " back to it; two full queues would wait for each other for ever: "
                             "name another queue for them");
    }
    for (Queue* next : reached[i]->flows_to) {
      if (std::find(reached.begin(), reached.end(), next) == reached.end()) reached.push_back(next);
    }
  }
  from->flows_to.insert(to);
  return Status();
}

Task* QueueMachine::PutNew(Time now, TaskSpec&& spec) {
  Queue* queue = TouchQueue(spec.queue);
  auto task = std::make_unique<Task>();
  task->queue = queue;
  task->id = spec.id;
  task->body = std::move(spec.body);
  task->priority = spec.priority;
  if (!spec.results.empty()) task->results = TouchQueue(spec.results);
  if (!spec.obituaries.empty()) task->obituaries = TouchQueue(spec.obituaries);
  task->children = spec.children;
  task->max_attempts = spec.max_attempts > 0 ? spec.max_attempts : config_.max_attempts;
  task->put_at = now;
  if (spec.deadline_seconds > 0) task->deadline = now + Seconds(spec.deadline_seconds);
  task->order = ++next_order_;
  Task* raw = queue->Insert(std::move(task));
  if (raw->deadline != Time::max()) {
    deadline_timers_.emplace(std::make_pair(raw->deadline, raw->order), raw);
  }
  queue->totals.puts += 1;
  MarkDirty(queue);
  return raw;
}

void QueueMachine::Enter(Time now, Queue* queue, TaskSpec&& spec, bool known, Effects& effects) {
  if (known) {
    queue->totals.known_puts += 1;
  } else {
    RecordTask(now, PutNew(now, std::move(spec)), effects);
  }
}

Status QueueMachine::PutChildren(Time now, Task* parent, std::vector<TaskSpec>& children,
                                 std::vector<Task*>& fresh) {
  for (const TaskSpec& child : children) {
    COHORT_RETURN_IF_ERROR(CheckSpec(child));
    if (parent->queue->durable() && !FindQueue(child.queue)->durable()) {
      return InvalidArgument("task " + child.id.ToString() + ": " + child.queue +
                             " lives in memory and is less durable than " + parent->queue->name());
    }
  }
  for (TaskSpec& child : children) {
    const TaskId id = child.id;
    auto& emitted = parent->emitted;
    if (std::find(emitted.begin(), emitted.end(), id) == emitted.end()) emitted.push_back(id);
    Queue* queue = FindQueue(child.queue);
    if (queue->Knows(id)) {
      queue->totals.known_puts += 1;
    } else {
      fresh.push_back(PutNew(now, std::move(child)));
    }
  }
  return Status();
}

void QueueMachine::Lease(Time now, Task* task, Consumer* consumer, Effects& effects) {
  Queue* queue = task->queue;
  Session& session = sessions_.at(consumer->session);
  DeliverEvent deliver;
  deliver.queue = queue->name();
  deliver.id = task->id;
  deliver.redelivered = task->delivered;
  deliver.emitted = task->emitted;
  deliver.obituary = task->obituary;
  deliver.body = task->body;

  queue->SetState(task, TaskState::kLeased);
  queue->CountDelivery(task);
  if (!task->delivered) queue->totals.waits.Add(now - task->put_at);
  task->delivered = true;
  task->started = false;
  task->holder = session.id;
  task->lease = {epoch_, ++next_lease_};
  task->lease_ends = LeaseNow(now) + config_.lease;
  session.leases.emplace(task->lease, task);
  lease_timers_.emplace(std::make_pair(task->lease_ends, task->order), task);

  deliver.token = TokenOf(task);
  queue->Charge(consumer, task->body.size());
  effects.events.push_back({session.id, std::move(deliver), task->rests_on});
  RecordLease(now, task, effects);
}

void QueueMachine::Unlease(Task* task) {
  if (task->state != TaskState::kLeased && task->state != TaskState::kAccepted) return;
  // Accepting took the deadline away.
  if (task->state == TaskState::kAccepted && task->deadline != Time::max()) {
    deadline_timers_.emplace(std::make_pair(task->deadline, task->order), task);
  }
  lease_timers_.erase({task->lease_ends, task->order});
  const auto holder = sessions_.find(task->holder);
  if (holder != sessions_.end()) holder->second.leases.erase(task->lease);
  task->holder = 0;
  task->lease = {};
  task->started = false;
}

void QueueMachine::HandBack(Task* task) {
  Unlease(task);
  task->queue->SetState(task, TaskState::kReady);
  MarkDirty(task->queue);
}

Duration QueueMachine::RetryDelay(const Task* task, uint32_t failures) const {
  const double doubled = std::ldexp(static_cast<double>(config_.retry_delay.count()),
                                    static_cast<int>(std::min(failures, 31u)) - 1);
  const double bounded =
      std::min(doubled, static_cast<double>(config_.longest_retry_delay.count()));
  const double jitter = 0.75 + 0.5 * UniformAt({task->id.run, task->id.space, task->id.cursor,
                                                task->id.index, failures});
  return Duration(static_cast<Duration::rep>(bounded * jitter));
}

void QueueMachine::CountFailure(Time now, Task* task, const std::string& reason, Duration delay,
                                Effects& effects) {
  task->failures += 1;
  task->queue->totals.failures += 1;
  task->failed_by = task->holder;
  const auto holder = sessions_.find(task->holder);
  const bool named = holder != sessions_.end() && !holder->second.instance.empty();
  task->reasons.push_back("attempt " + std::to_string(task->failures) +
                          (named ? " by " + holder->second.instance : "") + ": " + reason);
  if (task->queue->durable()) {
    Record(now, FailureChange{task->queue->name(), task->id, task->reasons.back()}, effects);
  }
  // Whoever is to be told of an end must be told: obituaries never die.
  if (task->failures >= task->max_attempts && !task->obituary.has_value()) {
    return End(now, task, EndReason::kDead, JoinReasons(task->reasons), effects);
  }
  Unlease(task);
  if (delay <= Duration(0)) {
    task->queue->SetState(task, TaskState::kReady);
  } else {
    task->queue->SetState(task, TaskState::kDelayed);
    task->ready_at = now + delay;
    delay_timers_.emplace(std::make_pair(task->ready_at, task->order), task);
  }
  MarkDirty(task->queue);
}

void QueueMachine::Lose(Time now, Task* task, const std::string& reason, Effects& effects) {
  const bool counts = task->started && task->state == TaskState::kLeased;
  if (counts) return CountFailure(now, task, reason, Duration(0), effects);
  task->failed_by = task->holder;
  HandBack(task);
}

void QueueMachine::TellLost(const Task* task, const std::string& reason, Effects& effects) {
  const auto holder = sessions_.find(task->holder);
  if (holder == sessions_.end() || !holder->second.connected) return;
  LeaseLostEvent lost;
  lost.queue = task->queue->name();
  lost.id = task->id;
  lost.token = TokenOf(task);
  lost.reason = reason;
  effects.events.push_back({task->holder, std::move(lost)});
}

Task* QueueMachine::WriteObituary(Time now, const Task* task, EndReason reason,
                                  const std::string& detail) {
  Queue* queue = task->obituaries;
  if (queue == nullptr || task->state == TaskState::kDead || queue->Knows(task->id)) return nullptr;
  auto obituary = std::make_unique<Task>();
  obituary->queue = queue;
  obituary->id = task->id;
  obituary->put_at = now;
  obituary->order = ++next_order_;
  obituary->max_attempts = config_.max_attempts;
  obituary->obituary = Obituary{reason, detail, task->emitted};
  queue->totals.obituaries += 1;
  MarkDirty(queue);
  return queue->Insert(std::move(obituary));
}

void QueueMachine::End(Time now, Task* task, EndReason reason, const std::string& detail,
                       Effects& effects) {
  Queue* queue = task->queue;
  if (reason == EndReason::kDead) queue->totals.dead += 1;
  if (reason == EndReason::kExpired) queue->totals.expired += 1;
  if (reason == EndReason::kCancelled) queue->totals.cancelled += 1;
  if (reason == EndReason::kPurged) queue->totals.purged += 1;
  Unlease(task);
  std::vector<Task*> obituary;
  if (Task* written = WriteObituary(now, task, reason, detail)) obituary.push_back(written);
  const bool dead_letter = reason == EndReason::kDead;
  EndChange change{queue->name(), task->id, dead_letter, {}};
  if (!dead_letter) {
    Entry* entry = Forget(task, {});
    RecordStep(now, queue, entry, std::move(change), obituary, effects);
    return;
  }
  RecordStep(now, queue, nullptr, std::move(change), obituary, effects);
  delay_timers_.erase({task->ready_at, task->order});
  deadline_timers_.erase({task->deadline, task->order});
  queue->SetState(task, TaskState::kDead);
  while (queue->TooManyDead()) {
    Task* oldest = queue->OldestDead();
    EndChange forgotten{queue->name(), oldest->id, /*dead_letter=*/false, {}};
    Entry* entry = Forget(oldest, {});
    RecordStep(now, queue, entry, std::move(forgotten), {}, effects);
  }
  MarkDirty(queue);
}

Entry* QueueMachine::Forget(Task* task, LeaseKey settled_by) {
  Unlease(task);
  delay_timers_.erase({task->ready_at, task->order});
  deadline_timers_.erase({task->deadline, task->order});
  Queue* queue = task->queue;
  MarkDirty(queue);
  return queue->Erase(task, settled_by);
}

}  // namespace cohort
