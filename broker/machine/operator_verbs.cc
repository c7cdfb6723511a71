// What operators may ask: look into a queue, bring dead letters back, end tasks, stop deliveries.
#include <utility>

#include "broker/machine/queue_machine.h"

namespace cohort {

Queue* QueueMachine::OperatorsQueue(const Session& session, uint64_t number,
                                    const std::string& name, Effects& effects) {
  if (session.role != Role::kOperator) {
    Answer(session, number,
           PermissionDenied("only an operator may do this, " + session.instance + " is a " +
                            std::string(RoleName(session.role))),
           false, effects);
    return nullptr;
  }
  Queue* queue = FindQueue(name);
  if (queue != nullptr) return queue;
  std::string others;
  for (const auto& [other, each] : queues_) others += (others.empty() ? "" : ", ") + other;
  Answer(session, number,
         NotFound("there is no queue " + name +
                  (others.empty() ? "; there is none at all yet" : "; there are " + others)),
         false, effects);
  return nullptr;
}

// --- looking

void QueueMachine::On(Time now, Session& session, uint64_t number, PeekCommand& peek,
                      Effects& effects) {
  const Queue* queue = OperatorsQueue(session, number, peek.queue, effects);
  if (queue == nullptr) return;
  OperatedEvent event{number, {}};
  for (const Task* task : queue->InState(peek.state, peek.limit)) {
    event.report.tasks.push_back(Summary(now, task));
  }
  effects.events.push_back({session.id, std::move(event), After(queue)});
}

TaskSummary QueueMachine::Summary(Time now, const Task* task) const {
  TaskSummary summary;
  summary.id = task->id;
  summary.state = task->state;
  summary.priority = task->priority;
  summary.attempts = task->failures;
  summary.bytes = task->body.size();
  summary.age_seconds = ToSeconds(now - task->put_at);
  const auto holder = sessions_.find(task->holder);
  if (holder != sessions_.end()) summary.holder = holder->second.instance;
  summary.reasons = task->reasons;
  if (task->obituary.has_value()) summary.obituary = task->obituary->reason;
  return summary;
}

// --- dead letters

Status QueueMachine::MayRevive(Time now, const Task* task) const {
  const std::string id = task->id.ToString();
  if (task->queue->IsBelowFloor(task->id)) {
    return FailedPrecondition(id + " is over for its producer: it lies below the queue's floor");
  }
  if (task->deadline <= now) return FailedPrecondition(id + " is past its deadline");
  if (!MayGrow(task->queue)) return ResourceExhausted(puts_refused_);
  if (!task->queue->HasRoomFor(task->body.size())) {
    return ResourceExhausted("queue " + task->queue->name() + " has no room for " + id);
  }
  if (task->obituaries == nullptr) return Status();
  // Whoever waited for it has been told of its end unless the obituary still lies there.
  const Task* told = task->obituaries->Find(task->id);
  if (told == nullptr || !told->obituary.has_value()) {
    return FailedPrecondition(id + " is over for whoever waited for it: queue " +
                              task->obituaries->name() + " has told its end");
  }
  if (told->state != TaskState::kReady && told->state != TaskState::kDelayed) {
    const auto holder = sessions_.find(told->holder);
    return FailedPrecondition(
        id + " is over for whoever waited for it: its end was told to " +
        (holder == sessions_.end() ? std::string("somebody") : holder->second.instance));
  }
  return Status();
}

void QueueMachine::Revive(Time now, Task* task, const std::string& by, Effects& effects) {
  const bool told_of = task->obituaries != nullptr;
  if (told_of) {
    Task* told = task->obituaries->Find(task->id);
    delay_timers_.erase({told->ready_at, told->order});
    MarkDirty(told->queue);
    told->queue->Withdraw(told);
  }
  task->failures = 0;
  task->failed_by = 0;
  task->reasons.push_back("revived by " + by);
  task->queue->SetState(task, TaskState::kReady);
  if (task->deadline != Time::max()) {
    deadline_timers_.emplace(std::make_pair(task->deadline, task->order), task);
  }
  RecordRevive(now, task, told_of, effects);
  task->queue->totals.revived += 1;
  MarkDirty(task->queue);
}

void QueueMachine::On(Time now, Session& session, uint64_t number, ReviveCommand& revive,
                      Effects& effects) {
  Queue* queue = OperatorsQueue(session, number, revive.queue, effects);
  if (queue == nullptr) return;
  if (revive.id.has_value()) {
    Task* task = queue->Find(*revive.id);
    if (task == nullptr || task->state != TaskState::kDead) {
      return Answer(
          session, number,
          NotFound("queue " + queue->name() + " has no dead letter " + revive.id->ToString()),
          false, effects);
    }
    const Status may = MayRevive(now, task);
    if (!may.ok()) return Answer(session, number, may, false, effects);
  }
  OperatedEvent event{number, {}};
  const auto tasks = revive.id.has_value() ? std::vector<Task*>{queue->Find(*revive.id)}
                                           : queue->InState(TaskState::kDead, SIZE_MAX);
  for (Task* task : tasks) {
    const Status may = MayRevive(now, task);
    if (may.ok()) {
      Revive(now, task, session.instance, effects);
      event.report.done += 1;
    } else {
      if (event.report.refused++ == 0) event.report.reason = may.message();
    }
  }
  effects.events.push_back({session.id, std::move(event), synced_tail_});
}

// --- ends

void QueueMachine::On(Time now, Session& session, uint64_t number, PurgeCommand& purge,
                      Effects& effects) {
  Queue* queue = OperatorsQueue(session, number, purge.queue, effects);
  if (queue == nullptr) return;
  std::vector<TaskState> states;
  if (purge.which != PurgeScope::kReady) states.push_back(TaskState::kDead);
  if (purge.which != PurgeScope::kDead) {
    states.push_back(TaskState::kReady);
    states.push_back(TaskState::kDelayed);
  }
  if (purge.which == PurgeScope::kAll) states.push_back(TaskState::kLeased);
  // First all of them, then their ends.
  std::vector<Task*> tasks;
  for (const TaskState state : states) {
    for (Task* task : queue->InState(state, SIZE_MAX)) tasks.push_back(task);
  }
  OperatedEvent event{number, {}};
  const std::string detail = "purged by " + session.instance;
  for (Task* task : tasks) {
    if (task->obituary.has_value()) {
      // Somebody waits for the task whose end it tells.
      if (event.report.refused++ == 0) {
        event.report.reason = task->id.ToString() + " tells of another task's end, which must be " +
                              "heard by whoever waits for that";
      }
      continue;
    }
    TellLost(task, detail, effects);
    End(now, task, EndReason::kPurged, detail, effects);
    event.report.done += 1;
  }
  effects.events.push_back({session.id, std::move(event), synced_tail_});
}

// --- pauses

void QueueMachine::SetPaused(Time now, Queue* queue, bool paused, Effects& effects) {
  if (queue->paused == paused) return;
  queue->paused = paused;
  RecordQueue(now, queue, effects);
  MarkDirty(queue);
}

void QueueMachine::On(Time now, Session& session, uint64_t number, PauseCommand& pause,
                      Effects& effects) {
  Queue* queue = OperatorsQueue(session, number, pause.queue, effects);
  if (queue == nullptr) return;
  SetPaused(now, queue, true, effects);
  effects.events.push_back({session.id, OperatedEvent{number, {}}, After(queue)});
}

void QueueMachine::On(Time now, Session& session, uint64_t number, ResumeCommand& resume,
                      Effects& effects) {
  Queue* queue = OperatorsQueue(session, number, resume.queue, effects);
  if (queue == nullptr) return;
  SetPaused(now, queue, false, effects);
  effects.events.push_back({session.id, OperatedEvent{number, {}}, After(queue)});
}

}  // namespace cohort
