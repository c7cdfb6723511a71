// What each verb of a session does.
#include <algorithm>
#include <utility>

#include "broker/machine/queue_machine.h"

namespace cohort {

void QueueMachine::Apply(Time now, SessionId id, Command command, Effects& effects) {
  Take(now, id, std::move(command), effects);
  Pump(now, effects);
}

void QueueMachine::Take(Time now, SessionId id, Command command, Effects& effects) {
  NoticeGap(now);
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || !found->second.connected) return;
  Session& session = found->second;
  session.last_heard = LeaseNow(now);
  session.processed = std::max(session.processed, command.number);
  std::visit([&](auto& verb) { On(now, session, command.number, verb, effects); }, command.verb);
}

void QueueMachine::Answer(const Session& session, uint64_t number, Status status, bool known,
                          Effects& effects, uint64_t after) {
  effects.events.push_back({session.id, AnswerEvent{number, std::move(status), known}, after});
}

// A settled task's holder goes on without its answer: credit does not depend on it.
void QueueMachine::AnswerHolder(const Session& session, uint64_t number, bool known,
                                Effects& effects, uint64_t after) {
  Answer(session, number, Status(), known, effects, after);
  effects.events.back().patient = true;
}

// --- producers

void QueueMachine::On(Time now, Session& session, uint64_t number, PutCommand& put,
                      Effects& effects) {
  const Status fits = CheckSpec(put.task);
  if (!fits.ok()) return Answer(session, number, fits, false, effects);
  Queue* queue = TouchQueue(put.task.queue);
  const size_t bytes = put.task.body.size();
  const bool known = queue->Knows(put.task.id);
  if (!known && !MayGrow(queue)) {
    queue->totals.refused["no_space"] += 1;
    return Answer(session, number, Unavailable(puts_refused_), false, effects);
  }
  if (known || (queue->waiting.empty() && queue->HasRoomFor(bytes))) {
    Enter(now, queue, std::move(put.task), known, effects);
    return Answer(session, number, Status(), known, effects, After(queue));
  }
  const bool too_many = session.waiting_tasks >= config_.waiting_tasks ||
                        session.waiting_bytes + bytes > config_.waiting_bytes;
  if (too_many && session.waiting_tasks > 0) {
    queue->totals.refused["beyond_window"] += 1;
    return Answer(session, number,
                  ResourceExhausted("more puts are under way than the window allows"), false,
                  effects);
  }
  session.waiting_tasks += 1;
  session.waiting_bytes += bytes;
  queue->waiting.push_back({session.id, number, std::move(put.task), now});
  MarkDirty(queue);
}

void QueueMachine::On(Time now, Session& session, uint64_t number, FloorCommand& floor,
                      Effects& effects) {
  if (Queue* queue = TouchQueue(floor.queue)) {
    if (!queue->RaiseFloor(floor.run, floor.space, floor.cursor)) return;
    RecordQueue(now, queue, effects);
    MarkDirty(queue);  // a put that waits may be known now
  }
}

void QueueMachine::On(Time now, Session& session, uint64_t number, CancelCommand& cancel,
                      Effects& effects) {
  // First all of them, then their ends: the obituaries of some lie in the queues of others.
  std::vector<Task*> tasks;
  std::vector<WaitingPut> unput;
  for (const auto& [name, queue] : queues_) {
    for (Task* task : queue->InRange(cancel.run, cancel.space, cancel.first, cancel.last)) {
      if (!task->obituary.has_value()) tasks.push_back(task);
    }
    std::erase_if(queue->waiting, [&](WaitingPut& put) {
      const TaskId& id = put.task.id;
      const bool within = id.run == cancel.run && id.space == cancel.space &&
                          id.cursor >= cancel.first && id.cursor <= cancel.last;
      if (within) unput.push_back(std::move(put));
      return within;
    });
    MarkDirty(queue.get());
  }
  for (const WaitingPut& put : unput) {
    Session& producer = sessions_.at(put.session);
    producer.waiting_tasks -= 1;
    producer.waiting_bytes -= put.task.body.size();
    Answer(producer, put.number, FailedPrecondition("cancelled before there was room for it"),
           false, effects);
  }
  for (Task* task : tasks) {
    TellLost(task, "cancelled", effects);
    End(now, task, EndReason::kCancelled, "cancelled", effects);
  }
  Answer(session, number, Status(), false, effects, synced_tail_);
}

// --- consumers

void QueueMachine::On(Time now, Session& session, uint64_t number, SubscribeCommand& subscribe,
                      Effects& effects) {
  Queue* queue = TouchQueue(subscribe.queue);
  if (queue == nullptr || !session.subscriptions.insert(queue).second) return;
  queue->AddConsumer(session.id);
  MarkDirty(queue);
}

void QueueMachine::On(Time now, Session& session, uint64_t number, CreditCommand& credit,
                      Effects& effects) {
  Queue* queue = FindQueue(credit.queue);
  if (queue == nullptr) return;
  queue->SetCredit(session.id, credit.tasks, credit.bytes);
  MarkDirty(queue);
}

// --- holders of a lease

Task* QueueMachine::Leased(const Session& session, const LeaseToken& token) const {
  const auto found = session.leases.find({token.epoch, token.lease});
  if (found == session.leases.end()) return nullptr;
  return found->second->failures + 1 == token.attempt ? found->second : nullptr;
}

Status QueueMachine::WhyNotLeased(const LeaseToken& token) const {
  if (token.epoch < remembered_since()) {
    return NotFound("the task was lost when the broker restarted");
  }
  return FailedPrecondition("the lease has ended");
}

void QueueMachine::CountStale(const LeaseToken& token, Queue* queue) {
  if (queue != nullptr) {
    queue->totals.stale_answers += 1;
  } else {
    unknown_answers_ += 1;
  }
}

void QueueMachine::On(Time now, Session& session, uint64_t number, BeginCommand& begin,
                      Effects& effects) {
  if (Task* task = Leased(session, begin.token)) task->started = true;
}

void QueueMachine::On(Time now, Session& session, uint64_t number, EmitCommand& emit,
                      Effects& effects) {
  Task* task = Leased(session, emit.token);
  if (task == nullptr) {
    CountStale(emit.token, nullptr);
    return Answer(session, number, WhyNotLeased(emit.token), false, effects);
  }
  task->started = true;
  Queue* queue = task->queue;
  // Never held back, as settles are not: a settle that comes next counts on these children.
  EmitChange change{queue->name(), task->id, {}, {}};
  for (const TaskSpec& child : emit.children) change.emitted.push_back(child.id);
  std::vector<Task*> fresh;
  const size_t emitted_before = task->emitted.size();
  const Status status = PutChildren(now, task, emit.children, fresh);
  if (!status.ok()) return Answer(session, number, status, false, effects);
  queue->totals.emits += change.emitted.size();
  // A child that was there already is the task's all the same.
  if (!fresh.empty() || task->emitted.size() > emitted_before) {
    RecordStep(now, queue, nullptr, std::move(change), fresh, effects);
  }
  AnswerHolder(session, number, false, effects, After(queue, emit.children));
}

void QueueMachine::On(Time now, Session& session, uint64_t number, SettleCommand& settle,
                      Effects& effects) {
  Task* task = Leased(session, settle.token);
  if (task == nullptr && config_.broken.no_fencing) {
    task = FindTask(settle.queue, settle.id);
    if (task == nullptr) return Answer(session, number, Status(), true, effects);
  }
  if (task != nullptr) {
    std::vector<Task*> fresh;
    const Status status = PutChildren(now, task, settle.children, fresh);
    if (!status.ok()) return Answer(session, number, status, false, effects);
    Queue* queue = task->queue;
    queue->totals.settled += 1;
    const LeaseKey by = task->lease;
    SettleChange change{queue->name(), task->id, by, {}};
    Entry* over = Forget(task, by);
    RecordStep(now, queue, over, std::move(change), fresh, effects);
    return AnswerHolder(session, number, false, effects, After(queue, settle.children));
  }
  Queue* queue = FindQueue(settle.queue);
  const LeaseKey by{settle.token.epoch, settle.token.lease};
  const bool repeated = queue != nullptr && queue->SettledBy(settle.id) == by;
  if (repeated) {
    return AnswerHolder(session, number, true, effects, After(queue, settle.children));
  }
  CountStale(settle.token, queue);
  const bool lives = queue != nullptr && queue->Find(settle.id) != nullptr;
  Answer(session, number,
         lives ? WhyNotLeased(settle.token) : NotFound("no such task, or it is settled already"),
         false, effects);
}

void QueueMachine::On(Time now, Session& session, uint64_t number, RenewCommand& renew,
                      Effects& effects) {
  for (size_t i = 0; i < renew.tokens.size(); ++i) {
    const LeaseToken& token = renew.tokens[i];
    Task* task = Leased(session, token);
    if (task == nullptr) {
      effects.events.push_back(
          {session.id, LeaseLostEvent{"", {}, token, WhyNotLeased(token).message()}});
    } else if (task->state == TaskState::kLeased) {
      lease_timers_.erase({task->lease_ends, task->order});
      task->lease_ends = LeaseNow(now) + config_.lease;
      lease_timers_.emplace(std::make_pair(task->lease_ends, task->order), task);
      task->queue->NotePhase(now, task, i < renew.phases.size() ? std::move(renew.phases[i]) : "");
    }
  }
}

void QueueMachine::On(Time now, Session& session, uint64_t number, AcceptCommand& accept,
                      Effects& effects) {
  Task* task = Leased(session, accept.token);
  if (task == nullptr || task->state == TaskState::kAccepted) return;
  if (!task->queue->MayHold(task->body.size())) {
    // It stays an ordinary lease, which its client renews for as long as it lives.
    task->queue->totals.refused["held_full"] += 1;
    return;
  }
  lease_timers_.erase({task->lease_ends, task->order});
  deadline_timers_.erase({task->deadline, task->order});
  task->queue->SetState(task, TaskState::kAccepted);
  MarkDirty(task->queue);
  RecordLease(now, task, effects);
}

void QueueMachine::On(Time now, Session& session, uint64_t number, ReleaseCommand& release,
                      Effects& effects) {
  if (Task* task = Leased(session, release.token)) HandBack(task);
}

void QueueMachine::On(Time now, Session& session, uint64_t number, FailCommand& fail,
                      Effects& effects) {
  Task* task = Leased(session, fail.token);
  if (task == nullptr) return CountStale(fail.token, nullptr);
  const Duration delay = RetryDelay(task, task->failures + 1);
  CountFailure(now, task, fail.reason.empty() ? "failed" : fail.reason, delay, effects);
}

void QueueMachine::On(Time now, Session& session, uint64_t number, StatsCommand& stats,
                      Effects& effects) {
  StatsEvent event;
  event.number = number;
  for (const auto& [name, queue] : queues_) event.queues.push_back(queue->Snapshot(now).stats);
  effects.events.push_back({session.id, std::move(event)});
}

}  // namespace cohort
