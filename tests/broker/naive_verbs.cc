// What each verb does to the naive broker.
#include <algorithm>

#include "tests/broker/naive_broker.h"

namespace cohort {
namespace {

bool Within(const TaskId& id, const CancelCommand& cancel) {
  return id.run == cancel.run && id.space == cancel.space && id.cursor >= cancel.first &&
         id.cursor <= cancel.last;
}

}  // namespace

std::vector<TaskKey> NaiveBroker::InRange(const CancelCommand& cancel) const {
  std::vector<Key> keys;
  for (const auto& [key, task] : tasks_) {
    if (Within(key.second, cancel) && !task.obituary.has_value()) keys.push_back(key);
  }
  return keys;
}

const NaiveBroker::Key* NaiveBroker::Leased(SessionId session, const LeaseToken& token) const {
  const auto found = leases_.find(token);
  if (found == leases_.end() || tasks_.at(found->second).holder != session) return nullptr;
  return &found->second;
}

StatusCode NaiveBroker::WhyNot(const LeaseToken& token) const {
  return token.epoch >= remembered_since_ ? StatusCode::kFailedPrecondition : StatusCode::kNotFound;
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
    if (const StatusCode code = Check(spec); code != StatusCode::kOk) {
      Expect(id, number, code);
    } else if (!Known(spec) && !MayGrow(spec.queue)) {
      Expect(id, number, StatusCode::kUnavailable);
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
    for (auto& [queue, puts] : waiting_) {
      for (const Waiting& each : puts) {
        if (!Within(each.spec.id, *cancel)) continue;
        Expect(each.session, each.number, StatusCode::kFailedPrecondition);
      }
      std::erase_if(puts, [&](const Waiting& each) { return Within(each.spec.id, *cancel); });
    }
    for (const Key& key : InRange(*cancel)) {
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
      const StatusCode code = CheckChildren(key->first, emit->children);
      Expect(id, number, code);
      if (code == StatusCode::kOk) PutChildren(now, tasks_.at(*key), emit->children);
    } else {
      Expect(id, number, WhyNot(emit->token));
    }
  } else if (const auto* settle = std::get_if<SettleCommand>(&command.verb)) {
    const Key named{settle->queue, settle->id};
    if (const auto key = leased(settle->token)) {
      const StatusCode code = CheckChildren(key->first, settle->children);
      Expect(id, number, code);
      if (code == StatusCode::kOk) {
        PutChildren(now, tasks_.at(*key), settle->children);
        const Over over{
            {settle->token.epoch, settle->token.lease}, tasks_.at(*key).children, std::nullopt};
        leases_.erase(settle->token);
        archive_[*key] = tasks_.at(*key);
        tasks_.erase(*key);
        all_ended_[*key] = over;
        if (!BelowFloor(*key)) ended_[*key] = over;
      }
    } else if (ended_.contains(named) &&
               ended_.at(named).by == LeaseKey{settle->token.epoch, settle->token.lease}) {
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
