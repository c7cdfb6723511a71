// Who gets what, when, and what everybody waits for.
#include <utility>

#include "broker/machine/queue_machine.h"

namespace cohort {
namespace {

constexpr Duration kHeldBackCheckEvery = Seconds(0.2);

}  // namespace

void QueueMachine::MarkDirty(Queue* queue) {
  if (queue->dirty) return;
  queue->dirty = true;
  dirty_.push_back(queue);
}

bool QueueMachine::MayDeliver(Time now) const {
  return !stopping_ && (grace_over_ || LeaseNow(now) - started_ >= config_.restart_grace);
}

void QueueMachine::Pump(Time now, Effects& effects) {
  while (!dirty_.empty()) {
    Queue* queue = dirty_.front();
    dirty_.pop_front();
    queue->dirty = false;
    AdmitWaiting(now, queue, effects);
    Deliver(now, queue, effects);
    queue->EndRow();
    NoteWait(now, queue);
    if (!queue->IsFull() && !queue->blocked_sources.empty()) {
      for (Queue* source : std::exchange(queue->blocked_sources, {})) {
        source->blocked_on = nullptr;
        MarkDirty(source);
      }
    }
  }
}

void QueueMachine::AdmitWaiting(Time now, Queue* queue, Effects& effects) {
  while (!queue->waiting.empty()) {
    WaitingPut& front = queue->waiting.front();
    const size_t bytes = front.task.body.size();
    const bool known = queue->Knows(front.task.id);
    if (!known && !(queue->HasRoomFor(bytes) && MayGrow(queue))) return;
    WaitingPut put = std::move(front);
    queue->waiting.pop_front();
    Session& session = sessions_.at(put.session);
    session.waiting_tasks -= 1;
    session.waiting_bytes -= bytes;
    Enter(now, queue, std::move(put.task), known, effects);
    Answer(session, put.number, Status(), known, effects, After(queue));
  }
}

Task* QueueMachine::Pick(Queue* queue) {
  queue->blocked_on = nullptr;
  for (Task* task : queue->Candidates()) {
    // A task whose results have nowhere to go is not begun.
    if (task->results == nullptr || !task->results->IsFull()) return task;
    if (queue->blocked_on == nullptr) queue->blocked_on = task->results;
    task->results->blocked_sources.insert(queue);
  }
  return nullptr;
}

bool QueueMachine::MayGrow(const Queue* queue) const {
  return puts_refused_.empty() || !queue->durable();
}

void QueueMachine::Deliver(Time now, Queue* queue, Effects& effects) {
  // What is delivered will be settled, and that needs room on the disk too.
  if (!MayDeliver(now) || queue->paused || !MayGrow(queue)) return;
  while (queue->count(TaskState::kReady) > 0) {
    Consumer* consumer = queue->NextConsumer();
    if (consumer == nullptr) return;
    Task* task = Pick(queue);
    if (task == nullptr) return;
    Lease(now, task, Taker(queue, task, consumer), effects);
  }
}

Consumer* QueueMachine::Taker(Queue* queue, const Task* task, Consumer* next) const {
  if (task->failed_by != next->session) return next;
  Consumer* other = queue->NextConsumerBut(task->failed_by);
  return other != nullptr ? other : next;
}

void QueueMachine::NoteWait(Time now, Queue* queue) {
  WaitReason reason = WaitReason::kNothing;
  if (queue->count(TaskState::kReady) > 0) {
    if (stopping_) {
      reason = WaitReason::kStopped;
    } else if (!MayDeliver(now)) {
      reason = WaitReason::kRestartGrace;
    } else if (queue->paused) {
      reason = WaitReason::kPaused;
    } else if (!MayGrow(queue)) {
      reason = WaitReason::kDisk;
    } else if (queue->consumers() == 0) {
      reason = WaitReason::kConsumer;
    } else if (queue->NextConsumer() == nullptr) {
      reason = WaitReason::kCredit;
    } else if (queue->blocked_on != nullptr) {
      reason = WaitReason::kResultsFull;
    }
  } else if (!queue->waiting.empty()) {
    reason = queue->RemembersTooMany() ? WaitReason::kFloor : WaitReason::kRoom;
  }
  if (reason != queue->waits_for) {
    queue->waits_for = reason;
    queue->waits_since = now;
  }
}

void QueueMachine::TellHeldBack(Time now, Effects& effects) {
  if (now < next_held_back_check_) return;
  next_held_back_check_ = now + kHeldBackCheckEvery;
  for (const auto& [name, queue] : queues_) {
    // They wait in the order of their coming, so those that know it stand in front.
    for (auto put = queue->waiting.rbegin(); put != queue->waiting.rend() && !put->told; ++put) {
      if (now - put->since < config_.tell_held_back) continue;
      put->told = true;
      const std::string why = !MayGrow(queue.get())       ? puts_refused_
                              : queue->RemembersTooMany() ? "until its producer raises the floor"
                                                          : "full";
      effects.events.push_back(
          {put->session, HeldBackEvent{put->number, name, why, ToSeconds(now - put->since)}});
    }
  }
}

}  // namespace cohort
