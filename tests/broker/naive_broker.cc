#include "tests/broker/naive_broker.h"

#include <algorithm>

namespace cohort {
namespace {

bool Within(const TaskId& id, const CancelCommand& cancel) {
  return id.run == cancel.run && id.space == cancel.space && id.cursor >= cancel.first &&
         id.cursor <= cancel.last;
}

}  // namespace

void NaiveBroker::Advance(Time now) {
  if (now - last_ > config_.tick_gap) skipped_ += now - last_;
  last_ = now;
  now_ = now;
  turn_ += 1;
}

bool NaiveBroker::Known(const TaskSpec& spec) const {
  const auto floor = floors_.find({spec.queue, spec.id.run, spec.id.space});
  if (floor != floors_.end() && spec.id.cursor < floor->second) return true;
  return tasks_.contains({spec.queue, spec.id}) || ended_.contains({spec.queue, spec.id});
}

uint64_t NaiveBroker::Bounded(const std::string& queue, bool bytes) const {
  uint64_t sum = 0;
  for (const auto& [key, task] : tasks_) {
    if (key.first != queue || task.state == State::kAccepted || task.state == State::kDead) {
      continue;
    }
    sum += bytes ? task.spec.body.size() : 1;
  }
  return sum;
}

bool NaiveBroker::HasRoom(const TaskSpec& spec) const {
  return Bounded(spec.queue, false) + 1 <= config_.queue_tasks &&
         Bounded(spec.queue, true) + spec.body.size() <= config_.queue_bytes;
}

bool NaiveBroker::IsFull(const std::string& queue) const {
  return Bounded(queue, false) >= config_.queue_tasks ||
         Bounded(queue, true) >= config_.queue_bytes;
}

bool NaiveBroker::MayGo(const Task& task) const {
  return task.state == State::kReady && !paused_.contains(task.spec.queue) &&
         LeaseNow(now_) - started_ >= config_.restart_grace &&
         (task.spec.results.empty() || !IsFull(task.spec.results));
}

bool NaiveBroker::TooLarge(const std::vector<TaskSpec>& specs) const {
  return std::any_of(specs.begin(), specs.end(),
                     [&](const TaskSpec& spec) { return spec.body.size() > config_.queue_bytes; });
}

void NaiveBroker::Insert(Time now, const TaskSpec& spec) {
  if (Known(spec)) return;
  Task task;
  task.spec = spec;
  task.turn = turn_;
  task.order = ++next_order_;
  if (spec.max_attempts == 0) task.spec.max_attempts = config_.max_attempts;
  if (spec.deadline_seconds > 0) task.deadline = now + Seconds(spec.deadline_seconds);
  tasks_.emplace(Key{spec.queue, spec.id}, task);
}

void NaiveBroker::PutChildren(Time now, Task& parent, const std::vector<TaskSpec>& children) {
  for (const TaskSpec& child : children) {
    auto& emitted = parent.emitted;
    if (std::find(emitted.begin(), emitted.end(), child.id) == emitted.end()) {
      emitted.push_back(child.id);
    }
    Insert(now, child);
  }
}

void NaiveBroker::MakeReady(Task& task) {
  leases_.erase(task.token);
  task.state = State::kReady;
  task.holder = 0;
}

void NaiveBroker::TellLost(const Task& task) {
  const auto session = sessions_.find(task.holder);
  if (task.holder != 0 && session != sessions_.end() && session->second.connected) {
    expected_lost_.emplace(task.holder, task.token);
  }
}

void NaiveBroker::End(const Key& key, EndReason reason) {
  Task& task = tasks_.at(key);
  leases_.erase(task.token);
  TaskSpec told;
  told.queue = task.spec.obituaries;
  told.id = task.spec.id;
  if (!told.queue.empty() && task.state != State::kDead && !Known(told)) {
    Task obituary;
    obituary.spec = told;
    obituary.turn = turn_;
    obituary.obituary = Obituary{reason, "", task.emitted};
    tasks_.emplace(Key{told.queue, told.id}, obituary);
    obituaries_ += 1;
  }
  if (reason == EndReason::kDead) {
    task.state = State::kDead;
    task.holder = 0;
    return;
  }
  const TaskSpec spec = task.spec;
  tasks_.erase(key);
  if (!Known(spec)) ended_[key] = 0;
}

void NaiveBroker::Fail(const Key& key, bool delayed) {
  Task& task = tasks_.at(key);
  task.failures += 1;
  task.failed_by = task.holder;
  if (task.failures >= task.spec.max_attempts && !task.obituary.has_value()) {
    return End(key, EndReason::kDead);
  }
  MakeReady(task);
  if (delayed) task.state = State::kDelayed;
}

void NaiveBroker::Lose(const Key& key) {
  Task& task = tasks_.at(key);
  if (task.started && task.state == State::kLeased) return Fail(key, /*delayed=*/false);
  task.failed_by = task.holder;
  MakeReady(task);
}

void NaiveBroker::EndSession(SessionId id, bool loss) {
  std::vector<Key> held;
  for (const auto& [token, key] : leases_) {
    if (tasks_.at(key).holder == id) held.push_back(key);
  }
  for (const Key& key : held) {
    if (loss) {
      Lose(key);
    } else {
      MakeReady(tasks_.at(key));
    }
  }
  for (auto& [queue, puts] : waiting_) {
    std::erase_if(puts, [&](const Waiting& put) { return put.session == id; });
  }
  sessions_.erase(id);
}

std::optional<std::set<LeaseToken>> NaiveBroker::Hello(Time now, SessionId id,
                                                       const HelloMessage& hello) {
  Advance(now);
  if (superseded_.contains(id)) return std::nullopt;
  const auto known = sessions_.find(id);
  if (known != sessions_.end() && known->second.instance != hello.instance) return std::nullopt;
  std::vector<SessionId> older;
  for (const auto& [other, session] : sessions_) {
    if (other != id && session.instance == hello.instance && session.role == hello.role) {
      older.push_back(other);
    }
  }
  for (SessionId other : older) {
    EndSession(other, /*loss=*/true);
    superseded_.insert(other);
  }
  Session& session = sessions_[id];
  session.instance = hello.instance;
  session.role = hello.role;
  session.connected = true;
  session.last_heard = LeaseNow(now);
  session.consumes.clear();
  for (auto& [queue, puts] : waiting_) {
    std::erase_if(puts, [&](const Waiting& put) { return put.session == id; });
  }
  std::set<LeaseToken> lost;
  std::set<LeaseToken> held(hello.held.begin(), hello.held.end());
  for (const LeaseToken& token : held) {
    if (Leased(id, token) == nullptr) lost.insert(token);
  }
  for (const Held& each : HeldBy(id)) {
    if (!held.contains(each.token)) MakeReady(tasks_.at({each.queue, each.id}));
  }
  AdmitWaiting(now);
  return lost;
}

void NaiveBroker::Goodbye(Time now, SessionId id) {
  Advance(now);
  if (sessions_.contains(id)) EndSession(id, /*loss=*/false);
  AdmitWaiting(now);
}

void NaiveBroker::ConnectionLost(Time now, SessionId id) {
  Advance(now);
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || !found->second.connected) return;
  found->second.connected = false;
  found->second.lost_at = LeaseNow(now);
  found->second.consumes.clear();
}

void NaiveBroker::Heard(Time now, SessionId id) {
  Advance(now);
  if (sessions_.contains(id)) sessions_.at(id).last_heard = LeaseNow(now);
}

void NaiveBroker::Tick(Time now) {
  Advance(now);
  std::vector<Key> expired;
  for (auto& [key, task] : tasks_) {
    // Steps of time are whole seconds, longer than any retry delay of the test's configuration.
    if (task.state == State::kDelayed && now > task.lease_ends) task.state = State::kReady;
    const bool may_expire = task.state != State::kAccepted && task.state != State::kDead;
    if (may_expire && task.deadline <= now) expired.push_back(key);
  }
  for (const Key& key : expired) {
    TellLost(tasks_.at(key));
    End(key, EndReason::kExpired);
  }
  std::vector<Key> lapsed;
  for (const auto& [key, task] : tasks_) {
    if (task.state == State::kLeased && task.lease_ends <= LeaseNow(now)) lapsed.push_back(key);
  }
  for (const Key& key : lapsed) {
    TellLost(tasks_.at(key));
    Lose(key);
  }
  std::vector<SessionId> over;
  for (auto& [id, session] : sessions_) {
    if (session.connected && LeaseNow(now) - session.last_heard > config_.silence) {
      session.connected = false;
      session.lost_at = LeaseNow(now);
      session.consumes.clear();
    } else if (!session.connected && LeaseNow(now) - session.lost_at > config_.session_grace) {
      over.push_back(id);
    }
  }
  for (SessionId id : over) EndSession(id, /*loss=*/true);
  AdmitWaiting(now);
}

void NaiveBroker::AdmitWaiting(Time now) {
  for (auto& [queue, puts] : waiting_) {
    while (!puts.empty() && (Known(puts.front().spec) || HasRoom(puts.front().spec))) {
      const Waiting put = puts.front();
      puts.pop_front();
      Expect(put.session, put.number, StatusCode::kOk, Known(put.spec));
      Insert(now, put.spec);
    }
  }
}

void NaiveBroker::Expect(SessionId session, uint64_t number, StatusCode code, bool known) {
  expected_[{session, number}] = {code, known};
}

const NaiveBroker::Key* NaiveBroker::Leased(SessionId session, const LeaseToken& token) const {
  const auto found = leases_.find(token);
  if (found == leases_.end() || tasks_.at(found->second).holder != session) return nullptr;
  return &found->second;
}

StatusCode NaiveBroker::WhyNot(const LeaseToken& token) const {
  return token.epoch == config_.epoch ? StatusCode::kFailedPrecondition : StatusCode::kNotFound;
}

void NaiveBroker::Apply(Time now, SessionId id, const Command& command) {
  Advance(now);
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || !found->second.connected) return;
  Session& session = found->second;
  session.last_heard = LeaseNow(now);
  const uint64_t number = command.number;
  const auto leased = [&](const LeaseToken& token) -> std::optional<Key> {
    const Key* key = Leased(id, token);
    return key == nullptr ? std::nullopt : std::optional<Key>(*key);
  };
  if (const auto* put = std::get_if<PutCommand>(&command.verb)) {
    const TaskSpec& spec = put->task;
    Touch(spec);
    if (TooLarge({spec})) {
      Expect(id, number, StatusCode::kResourceExhausted);
    } else if (Known(spec) || (waiting_[spec.queue].empty() && HasRoom(spec))) {
      Expect(id, number, StatusCode::kOk, Known(spec));
      Insert(now, spec);
    } else {
      waiting_[spec.queue].push_back({id, number, spec});
    }
  } else if (const auto* floor = std::get_if<FloorCommand>(&command.verb)) {
    queues_.insert(floor->queue);
    uint64_t& cursor = floors_[{floor->queue, floor->run, floor->space}];
    cursor = std::max(cursor, floor->cursor);
    std::erase_if(ended_, [&](const auto& each) {
      const auto& [queue, task] = each.first;
      return queue == floor->queue && task.run == floor->run && task.space == floor->space &&
             task.cursor < cursor;
    });
  } else if (const auto* cancel = std::get_if<CancelCommand>(&command.verb)) {
    std::vector<Key> keys;
    for (const auto& [key, task] : tasks_) {
      if (Within(key.second, *cancel) && !task.obituary.has_value()) keys.push_back(key);
    }
    for (auto& [queue, puts] : waiting_) {
      for (const Waiting& each : puts) {
        if (!Within(each.spec.id, *cancel)) continue;
        Expect(each.session, each.number, StatusCode::kFailedPrecondition);
      }
      std::erase_if(puts, [&](const Waiting& each) { return Within(each.spec.id, *cancel); });
    }
    for (const Key& key : keys) {
      TellLost(tasks_.at(key));
      End(key, EndReason::kCancelled);
    }
    Expect(id, number, StatusCode::kOk);
  } else if (const auto* subscribe = std::get_if<SubscribeCommand>(&command.verb)) {
    queues_.insert(subscribe->queue);
    session.consumes.emplace(subscribe->queue, Consumer{});
  } else if (const auto* credit = std::get_if<CreditCommand>(&command.verb)) {
    const auto consumer = session.consumes.find(credit->queue);
    if (consumer != session.consumes.end()) {
      consumer->second.tasks = credit->tasks;
      consumer->second.bytes = credit->bytes;
    }
  } else if (const auto* begin = std::get_if<BeginCommand>(&command.verb)) {
    if (const auto key = leased(begin->token)) tasks_.at(*key).started = true;
  } else if (const auto* emit = std::get_if<EmitCommand>(&command.verb)) {
    if (const auto key = leased(emit->token)) {
      tasks_.at(*key).started = true;
      TouchChildren(emit->children);
      const bool refused = TooLarge(emit->children);
      Expect(id, number, refused ? StatusCode::kResourceExhausted : StatusCode::kOk);
      if (!refused) PutChildren(now, tasks_.at(*key), emit->children);
    } else {
      Expect(id, number, WhyNot(emit->token));
    }
  } else if (const auto* settle = std::get_if<SettleCommand>(&command.verb)) {
    const Key named{settle->queue, settle->id};
    if (const auto key = leased(settle->token)) {
      TouchChildren(settle->children);
      const bool refused = TooLarge(settle->children);
      Expect(id, number, refused ? StatusCode::kResourceExhausted : StatusCode::kOk);
      if (!refused) {
        PutChildren(now, tasks_.at(*key), settle->children);
        const TaskSpec spec = tasks_.at(*key).spec;
        leases_.erase(settle->token);
        tasks_.erase(*key);
        if (!Known(spec)) ended_[*key] = settle->token.lease;
      }
    } else if (ended_.contains(named) && settle->token.epoch == config_.epoch &&
               ended_.at(named) == settle->token.lease) {
      Expect(id, number, StatusCode::kOk, /*known=*/true);
    } else {
      Expect(id, number, tasks_.contains(named) ? WhyNot(settle->token) : StatusCode::kNotFound);
    }
  } else if (const auto* renew = std::get_if<RenewCommand>(&command.verb)) {
    for (const LeaseToken& token : renew->tokens) {
      if (const auto key = leased(token)) {
        tasks_.at(*key).lease_ends = LeaseNow(now) + config_.lease;
      } else {
        expected_lost_.emplace(id, token);
      }
    }
  } else if (const auto* accept = std::get_if<AcceptCommand>(&command.verb)) {
    if (const auto key = leased(accept->token)) {
      uint64_t held = 0;
      for (const auto& [other, task] : tasks_) {
        held += other.first == key->first && task.state == State::kAccepted ? 1 : 0;
      }
      Task& task = tasks_.at(*key);
      if (held < config_.held_tasks) task.state = State::kAccepted;
    }
  } else if (const auto* release = std::get_if<ReleaseCommand>(&command.verb)) {
    if (const auto key = leased(release->token)) MakeReady(tasks_.at(*key));
  } else if (const auto* fail = std::get_if<FailCommand>(&command.verb)) {
    if (const auto key = leased(fail->token)) {
      Fail(*key, /*delayed=*/true);
      if (tasks_.contains(*key)) tasks_.at(*key).lease_ends = now;  // delayed since
    }
  } else if (IsOperators(command.verb)) {
    ApplyOperators(now, id, command);
  }
  AdmitWaiting(now);
}

}  // namespace cohort
