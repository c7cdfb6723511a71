#include "tests/broker/naive_broker.h"

#include <algorithm>

namespace cohort {

void NaiveBroker::Advance(Time now) {
  if (now - last_ > config_.tick_gap) skipped_ += now - last_;
  last_ = now;
  now_ = now;
  turn_ += 1;
}

bool NaiveBroker::IsDurable(const std::string& queue) const {
  if (!config_.durable) return false;
  for (const std::string& memory : config_.memory_queues) {
    if (memory == queue) return false;
    if (memory.back() == '*' && queue.substr(0, memory.size() - 1) + "*" == memory) return false;
  }
  return true;
}

bool NaiveBroker::BelowFloor(const Key& key) const {
  const auto floor = floors_.find({key.first, key.second.run, key.second.space});
  return floor != floors_.end() && key.second.cursor < floor->second;
}

bool NaiveBroker::Known(const TaskSpec& spec) const {
  const Key key{spec.queue, spec.id};
  return BelowFloor(key) || tasks_.contains(key) || ended_.contains(key);
}

NaiveBroker::Load NaiveBroker::Bounded(const std::string& queue, bool before_admissions) const {
  Load load;
  for (auto each = tasks_.lower_bound({queue, TaskId{}});
       each != tasks_.end() && each->first.first == queue; ++each) {
    const Task& task = each->second;
    if (task.state == State::kAccepted || task.state == State::kDead) continue;
    if (before_admissions && task.admitted && task.turn == turn_) continue;
    load.tasks += 1;
    load.bytes += task.spec.body.size();
  }
  return load;
}

uint64_t NaiveBroker::Remembered(const std::string& queue) const {
  uint64_t remembered = 0;
  for (auto each = ended_.lower_bound({queue, TaskId{}});
       each != ended_.end() && each->first.first == queue; ++each) {
    remembered += 1;
  }
  return remembered;
}

bool NaiveBroker::HasRoom(const TaskSpec& spec) const {
  const Load load = Bounded(spec.queue);
  return load.tasks + 1 <= config_.queue_tasks &&
         load.bytes + spec.body.size() <= config_.queue_bytes &&
         Remembered(spec.queue) < config_.remembered_ids;
}

bool NaiveBroker::IsFull(const std::string& queue, bool before_admissions) const {
  const Load load = Bounded(queue, before_admissions);
  return load.tasks >= config_.queue_tasks || load.bytes >= config_.queue_bytes;
}

bool NaiveBroker::MayGo(const Task& task, bool before_admissions) const {
  return task.state == State::kReady && !paused_.contains(task.spec.queue) &&
         LeaseNow(now_) - started_ >= config_.restart_grace && MayGrow(task.spec.queue) &&
         (task.spec.results.empty() || !IsFull(task.spec.results, before_admissions));
}

bool NaiveBroker::MustGo(const Task& task) const {
  if (!MayGo(task)) return false;
  for (const auto& [key, other] : tasks_) {
    if (key.first != task.spec.queue || other.state != State::kReady || &other == &task ||
        other.spec.priority != task.spec.priority) {
      continue;
    }
    const bool before =
        other.delivered != task.delivered ? other.delivered : other.turn <= task.turn;
    if (before && !MayGo(other)) return false;
  }
  return true;
}

bool NaiveBroker::Flows(const std::string& from, const std::string& to) const {
  if (from == to) return true;
  return std::any_of(flows_.begin(), flows_.end(), [&](const auto& flow) {
    return flow.first == from && Flows(flow.second, to);
  });
}

StatusCode NaiveBroker::Check(const TaskSpec& spec) {
  Touch(spec);
  if (!spec.results.empty()) {
    if (Flows(spec.results, spec.queue)) return StatusCode::kInvalidArgument;
    flows_.emplace(spec.queue, spec.results);
  }
  for (const std::string* name : {&spec.results, &spec.obituaries}) {
    if (!name->empty() && IsDurable(spec.queue) && !IsDurable(*name)) {
      return StatusCode::kInvalidArgument;
    }
  }
  return spec.body.size() > config_.queue_bytes ? StatusCode::kResourceExhausted : StatusCode::kOk;
}

StatusCode NaiveBroker::CheckChildren(const std::string& parent,
                                      const std::vector<TaskSpec>& children) {
  for (const TaskSpec& child : children) {
    if (const StatusCode code = Check(child); code != StatusCode::kOk) return code;
    if (IsDurable(parent) && !IsDurable(child.queue)) return StatusCode::kInvalidArgument;
  }
  return StatusCode::kOk;
}

void NaiveBroker::Insert(Time now, const TaskSpec& spec) {
  if (Known(spec)) return;
  Task task;
  task.spec = spec;
  task.turn = turn_;
  task.order = ++order_;
  if (spec.max_attempts == 0) task.spec.max_attempts = config_.max_attempts;
  if (spec.deadline_seconds > 0) task.deadline = now + Seconds(spec.deadline_seconds);
  tasks_.emplace(Key{spec.queue, spec.id}, task);
  archive_[{spec.queue, spec.id}] = task;
}

void NaiveBroker::PutChildren(Time now, Task& parent, const std::vector<TaskSpec>& children) {
  for (const TaskSpec& child : children) {
    auto& emitted = parent.emitted;
    if (std::find(emitted.begin(), emitted.end(), child.id) == emitted.end()) {
      emitted.push_back(child.id);
      parent.children.emplace_back(child.queue, child.id);
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
  Over over;
  if (!told.queue.empty()) over.obituary = Key{told.queue, told.id};
  if (!told.queue.empty() && task.state != State::kDead && !Known(told)) {
    Task obituary;
    obituary.spec = told;
    obituary.spec.max_attempts = config_.max_attempts;
    obituary.turn = turn_;
    obituary.order = ++order_;
    obituary.obituary = Obituary{reason, "", task.emitted};
    obituary.tells_of = key;
    tasks_.emplace(Key{told.queue, told.id}, obituary);
    archive_[{told.queue, told.id}] = obituary;
    obituaries_ += 1;
  }
  if (reason == EndReason::kDead) {
    task.state = State::kDead;
    task.holder = 0;
    return ForgetOldDead(key.first);
  }
  archive_[key] = task;
  tasks_.erase(key);
  all_ended_[key] = over;
  if (!BelowFloor(key)) ended_[key] = over;
}

// A power cut between a death and what it pushed out leaves one too many, until the next death.
void NaiveBroker::ForgetOldDead(const std::string& queue) {
  std::map<uint64_t, Key> dead;  // by order of put
  for (const auto& [key, task] : tasks_) {
    if (key.first == queue && task.state == State::kDead) dead.emplace(task.order, key);
  }
  for (auto oldest = dead.begin(); dead.size() > config_.dead_tasks; oldest = dead.erase(oldest)) {
    End(oldest->second, EndReason::kPurged);
  }
}

void NaiveBroker::Fail(const Key& key, bool delayed) {
  Task& task = tasks_.at(key);
  task.failures += 1;
  task.most_failures = std::max(task.most_failures, task.failures);
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
  if (known != sessions_.end() && !known->second.restored &&
      known->second.instance != hello.instance) {
    return std::nullopt;
  }
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
  session.restored = false;
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
    } else if (!session.connected) {
      const Duration grace = session.restored ? 2 * config_.session_grace + config_.restart_grace
                                              : config_.session_grace;
      if (LeaseNow(now) - session.lost_at > grace) over.push_back(id);
    }
  }
  for (SessionId id : over) EndSession(id, /*loss=*/!sessions_.at(id).restored);
  AdmitWaiting(now);
}

void NaiveBroker::AdmitWaiting(Time now) {
  for (auto& [queue, puts] : waiting_) {
    while (!puts.empty() &&
           (Known(puts.front().spec) || (HasRoom(puts.front().spec) && MayGrow(queue)))) {
      const Waiting put = puts.front();
      puts.pop_front();
      const bool known = Known(put.spec);
      Expect(put.session, put.number, StatusCode::kOk, known);
      Insert(now, put.spec);
      if (!known) tasks_.at({put.spec.queue, put.spec.id}).admitted = true;
    }
  }
}

void NaiveBroker::Expect(SessionId session, uint64_t number, StatusCode code, bool known) {
  expected_[{session, number}] = {code, known};
}

}  // namespace cohort
