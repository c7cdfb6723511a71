#include "broker/machine/queue_machine.h"

#include <algorithm>
#include <utility>

namespace cohort {
namespace {

constexpr Duration kSessionCheckEvery = Seconds(0.1);
constexpr size_t kRememberedSupersessions = 4096;

}  // namespace

QueueMachine::QueueMachine(const MachineConfig& config, Time now)
    : config_(config),
      epoch_(config.epoch),
      remembered_since_(config.epoch),
      started_(now),
      last_turn_(now),
      next_session_check_(now),
      next_held_back_check_(now) {}

QueueMachine::~QueueMachine() = default;

// --- sessions

bool QueueMachine::IsConnected(SessionId session) const {
  const auto found = sessions_.find(session);
  return found != sessions_.end() && found->second.connected;
}

uint64_t QueueMachine::processed(SessionId session) const {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? 0 : found->second.processed;
}

Result<QueueMachine::HelloAnswer> QueueMachine::Hello(Time now, SessionId id,
                                                      const HelloMessage& hello, Effects& effects) {
  NoticeGap(now);
  if (superseded_.contains(id)) {
    return FailedPrecondition(std::string(RoleName(hello.role)) + " " + hello.instance +
                              " was started again elsewhere: give each process its own name");
  }
  const auto instance = std::make_pair(hello.role, hello.instance);
  const auto known = sessions_.find(id);
  if (known != sessions_.end() && !known->second.restored &&
      instance != std::make_pair(known->second.role, known->second.instance)) {
    return InvalidArgument("hello of " + hello.instance + ": this session is another process's");
  }
  const auto older = instances_.find(instance);
  if (older != instances_.end() && older->second != id) {
    const SessionId old = older->second;
    EndSession(now, old, EndOfSession::kLoss, hello.instance + " was started again", effects);
    superseded_.insert(old);
    superseded_order_.push_back(old);
    if (superseded_order_.size() > kRememberedSupersessions) {
      superseded_.erase(superseded_order_.front());
      superseded_order_.pop_front();
    }
  }
  instances_[instance] = id;
  Session& session = sessions_[id];
  session.id = id;
  session.role = hello.role;
  session.instance = hello.instance;
  session.connected = true;
  session.restored = false;
  session.last_heard = LeaseNow(now);
  DropSubscriptions(session);
  DropWaitingPuts(session);

  HelloAnswer answer;
  answer.processed = session.processed;
  std::set<LeaseKey> held;
  for (const LeaseToken& token : hello.held) {
    if (Leased(session, token) != nullptr) {
      held.insert({token.epoch, token.lease});
    } else {
      answer.lost.push_back(token);
    }
  }
  // What was sent to it and is not in its hands never arrived.
  std::vector<Task*> missed;
  for (const auto& [lease, task] : session.leases) {
    if (!held.contains(lease)) missed.push_back(task);
  }
  for (Task* task : missed) HandBack(task);
  Pump(now, effects);
  return answer;
}

void QueueMachine::Goodbye(Time now, SessionId id, Effects& effects) {
  NoticeGap(now);
  if (!sessions_.contains(id)) return;
  EndSession(now, id, EndOfSession::kHandBack, "", effects);
  Pump(now, effects);
}

void QueueMachine::ConnectionLost(Time now, SessionId id, Effects& effects) {
  NoticeGap(now);
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || !found->second.connected) return;
  found->second.connected = false;
  found->second.lost_at = LeaseNow(now);
  DropSubscriptions(found->second);
  Pump(now, effects);
}

void QueueMachine::Heard(Time now, SessionId id) {
  NoticeGap(now);
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) found->second.last_heard = LeaseNow(now);
}

void QueueMachine::EndSession(Time now, SessionId id, EndOfSession how, const std::string& why,
                              Effects& effects) {
  Session& session = sessions_.at(id);
  DropSubscriptions(session);
  DropWaitingPuts(session);
  if (session.connected && !why.empty()) effects.ended.push_back({id, why, /*final=*/true});
  session.connected = false;  // nobody is told of leases that end now
  const auto leases = session.leases;
  for (const auto& [lease, task] : leases) {
    if (how == EndOfSession::kHandBack) {
      HandBack(task);
    } else {
      Lose(now, task, why, effects);
    }
  }
  const auto instance = instances_.find({session.role, session.instance});
  if (instance != instances_.end() && instance->second == id) instances_.erase(instance);
  sessions_.erase(id);
}

void QueueMachine::DropSubscriptions(Session& session) {
  for (Queue* queue : session.subscriptions) {
    queue->RemoveConsumer(session.id);
    MarkDirty(queue);
  }
  session.subscriptions.clear();
}

void QueueMachine::DropWaitingPuts(Session& session) {
  if (session.waiting_tasks == 0) return;
  for (const auto& [name, queue] : queues_) {
    std::erase_if(queue->waiting, [&](const WaitingPut& put) { return put.session == session.id; });
    MarkDirty(queue.get());
  }
  session.waiting_tasks = session.waiting_bytes = 0;
}

// --- time

void QueueMachine::NoticeGap(Time now) {
  if (now - last_turn_ > config_.tick_gap) skipped_ += now - last_turn_;
  last_turn_ = now;
}

void QueueMachine::Tick(Time now, bool drained, Effects& effects) {
  NoticeGap(now);
  if (!grace_over_ && LeaseNow(now) - started_ >= config_.restart_grace) {
    grace_over_ = true;
    for (const auto& [name, queue] : queues_) MarkDirty(queue.get());
  }
  while (!delay_timers_.empty() && delay_timers_.begin()->first.first <= now) {
    Task* task = delay_timers_.begin()->second;
    delay_timers_.erase(delay_timers_.begin());
    task->queue->SetState(task, TaskState::kReady);
    MarkDirty(task->queue);
  }
  if (drained) {
    while (!deadline_timers_.empty() && deadline_timers_.begin()->first.first <= now) {
      Task* task = deadline_timers_.begin()->second;
      TellLost(task, "its deadline has passed", effects);
      End(now, task, EndReason::kExpired, "its deadline passed", effects);
    }
    while (!lease_timers_.empty() && lease_timers_.begin()->first.first <= LeaseNow(now)) {
      Task* task = lease_timers_.begin()->second;
      TellLost(task, "the lease was not renewed", effects);
      Lose(now, task, "the lease was not renewed", effects);
    }
    ExpireSessions(now, effects);
  }
  Pump(now, effects);
  TellHeldBack(now, effects);
}

void QueueMachine::ExpireSessions(Time now, Effects& effects) {
  if (now < next_session_check_) return;
  next_session_check_ = now + kSessionCheckEvery;
  const Time lease_now = LeaseNow(now);
  std::vector<SessionId> silent;
  std::vector<SessionId> over;
  for (const auto& [id, session] : sessions_) {
    if (session.connected && lease_now - session.last_heard > config_.silence) silent.push_back(id);
    const Duration grace = session.restored ? 2 * config_.session_grace + config_.restart_grace
                                            : config_.session_grace;
    if (!session.connected && lease_now - session.lost_at > grace) over.push_back(id);
  }
  for (SessionId id : silent) {
    effects.ended.push_back({id, "nothing was heard for too long", /*final=*/false});
    ConnectionLost(now, id, effects);
  }
  for (SessionId id : over) {
    const Session& session = sessions_.at(id);
    const std::string why = "lost the connection of " + session.instance;
    // Whom a restart of ours has cut off is not to blame.
    EndSession(now, id, session.restored ? EndOfSession::kHandBack : EndOfSession::kLoss, why,
               effects);
  }
}

void QueueMachine::StopDelivering(Time now) {
  stopping_ = true;
  for (const auto& [name, queue] : queues_) NoteWait(now, queue.get());
}

MachineSnapshot QueueMachine::Snapshot(Time now) const {
  MachineSnapshot snapshot;
  for (const auto& [name, queue] : queues_) snapshot.queues.push_back(queue->Snapshot(now));
  for (const Role role : {Role::kLearner, Role::kActor, Role::kRewardWorker, Role::kOperator}) {
    snapshot.peers[role] = 0;
  }
  for (const auto& [id, session] : sessions_) {
    if (session.connected) {
      snapshot.peers[session.role] += 1;
    } else {
      snapshot.sessions_in_grace += 1;
    }
  }
  snapshot.unknown_answers = unknown_answers_;
  snapshot.live_bytes = live_bytes();
  return snapshot;
}

}  // namespace cohort
