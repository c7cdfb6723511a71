// The operators' verbs of the naive broker.
#include <algorithm>

#include "tests/broker/naive_broker.h"

namespace cohort {

void NaiveBroker::Touch(const TaskSpec& spec) {
  for (const std::string& name : {spec.queue, spec.results, spec.obituaries}) {
    if (!name.empty()) queues_.insert(name);
  }
}

bool NaiveBroker::MayRevive(Time now, const Key& key) const {
  const Task& task = tasks_.at(key);
  const auto floor = floors_.find({key.first, key.second.run, key.second.space});
  if (floor != floors_.end() && key.second.cursor < floor->second) return false;
  if (task.deadline <= now || !HasRoom(task.spec) || !MayGrow(key.first)) return false;
  if (task.spec.obituaries.empty()) return true;
  const auto told = tasks_.find({task.spec.obituaries, key.second});
  return told != tasks_.end() && told->second.obituary.has_value() &&
         (told->second.state == State::kReady || told->second.state == State::kDelayed);
}

void NaiveBroker::Revive(const Key& key) {
  Task& task = tasks_.at(key);
  if (!task.spec.obituaries.empty()) {
    const Key told{task.spec.obituaries, key.second};
    withdrawn_[told].push_back(tasks_.at(told).obituary);
    tasks_.erase(told);
  }
  task.state = State::kReady;
  task.failures = 0;
  task.failed_by = 0;
  revived_ += 1;
}

void NaiveBroker::ApplyOperators(Time now, SessionId id, const Command& command) {
  const std::string queue = std::visit(
      [](const auto& verb) -> std::string {
        if constexpr (requires { verb.queue; }) return verb.queue;
        return "";
      },
      command.verb);
  if (sessions_.at(id).role != Role::kOperator) {
    return Expect(id, command.number, StatusCode::kPermissionDenied);
  }
  if (!queues_.contains(queue)) return Expect(id, command.number, StatusCode::kNotFound);
  std::vector<Key> keys;  // of the queue, in order of put
  for (const auto& [key, task] : tasks_) {
    if (key.first == queue) keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end(),
            [&](const Key& a, const Key& b) { return tasks_.at(a).order < tasks_.at(b).order; });
  Operated expected;
  if (const auto* peek = std::get_if<PeekCommand>(&command.verb)) {
    static const std::map<State, TaskState> kStates = {{State::kReady, TaskState::kReady},
                                                       {State::kLeased, TaskState::kLeased},
                                                       {State::kAccepted, TaskState::kAccepted},
                                                       {State::kDelayed, TaskState::kDelayed},
                                                       {State::kDead, TaskState::kDead}};
    for (const Key& key : keys) {
      if (kStates.at(tasks_.at(key).state) == peek->state) expected.tasks += 1;
    }
    expected.tasks = std::min<uint64_t>(expected.tasks, peek->limit);
  } else if (const auto* revive = std::get_if<ReviveCommand>(&command.verb)) {
    if (revive->id.has_value()) {
      const auto found = tasks_.find({queue, *revive->id});
      if (found == tasks_.end() || found->second.state != State::kDead) {
        return Expect(id, command.number, StatusCode::kNotFound);
      }
      if (!MayRevive(now, found->first)) {
        const bool full = !HasRoom(found->second.spec) || !MayGrow(queue);
        const auto floor = floors_.find({queue, revive->id->run, revive->id->space});
        const bool over = (floor != floors_.end() && revive->id->cursor < floor->second) ||
                          found->second.deadline <= now;
        return Expect(
            id, command.number,
            full && !over ? StatusCode::kResourceExhausted : StatusCode::kFailedPrecondition);
      }
      Revive(found->first);
      expected.done = 1;
    } else {
      for (const Key& key : keys) {
        if (tasks_.at(key).state != State::kDead) continue;
        const bool may = MayRevive(now, key);
        if (may) Revive(key);
        (may ? expected.done : expected.refused) += 1;
      }
    }
  } else if (const auto* purge = std::get_if<PurgeCommand>(&command.verb)) {
    for (const Key& key : keys) {
      const Task& task = tasks_.at(key);
      const bool dead = task.state == State::kDead;
      const bool idle = task.state == State::kReady || task.state == State::kDelayed;
      const bool meant = (dead && purge->which != PurgeScope::kReady) ||
                         (idle && purge->which != PurgeScope::kDead) ||
                         (task.state == State::kLeased && purge->which == PurgeScope::kAll);
      if (!meant) continue;
      if (task.obituary.has_value()) {
        expected.refused += 1;
        continue;
      }
      TellLost(task);
      End(key, EndReason::kPurged);
      expected.done += 1;
      purged_ += 1;
    }
  } else if (std::holds_alternative<PauseCommand>(command.verb)) {
    paused_.insert(queue);
  } else {
    paused_.erase(queue);
  }
  expected_operated_[{id, command.number}] = expected;
}

std::string NaiveBroker::JudgeOperated(SessionId session, const OperatedEvent& event) {
  const std::string what = "operator's verb " + std::to_string(event.number) + ": ";
  const auto expected = expected_operated_.find({session, event.number});
  if (expected == expected_operated_.end()) return what + "nobody asked or it must be refused";
  const Operated done{event.report.done, event.report.refused, event.report.tasks.size()};
  if (expected->second != done) {
    return what + std::to_string(done.done) + " done, " + std::to_string(done.refused) +
           " refused, " + std::to_string(done.tasks) + " shown, should be " +
           std::to_string(expected->second.done) + ", " + std::to_string(expected->second.refused) +
           ", " + std::to_string(expected->second.tasks);
  }
  expected_operated_.erase(expected);
  return "";
}

}  // namespace cohort
