// The judging half of the naive broker.
#include <algorithm>

#include "tests/broker/naive_broker.h"

namespace cohort {

std::string NaiveBroker::JudgeDelivery(SessionId id, const DeliverEvent& event) {
  const std::string what = "delivery of " + event.queue + " " + event.id.ToString() + ": ";
  const auto found = tasks_.find({event.queue, event.id});
  if (found == tasks_.end()) return what + "no such task";
  Task& task = found->second;
  if (task.state != State::kReady) return what + "it is not ready";
  if (!MayGo(task, /*before_admissions=*/true))
    return what + "a pause, grace or a full result queue forbids it";
  const auto session = sessions_.find(id);
  if (session == sessions_.end() || !session->second.connected) return what + "to nobody";
  const auto consumer = session->second.consumes.find(event.queue);
  if (consumer == session->second.consumes.end()) return what + "not subscribed";
  if (!consumer->second.HasCredit()) return what + "beyond the credit";
  if (event.token.epoch != epoch_ || !seen_tokens_.insert(event.token).second) {
    return what + "the token is not fresh";
  }
  if (event.token.attempt != task.failures + 1) return what + "wrong attempt";
  if (event.redelivered != task.delivered) return what + "wrong redelivered flag";
  if (event.emitted != task.emitted) return what + "wrong list of emitted children";
  if (event.body.view() != task.spec.body.view()) return what + "another's body";
  if (event.obituary.has_value() != task.obituary.has_value()) return what + "obituary or not";
  if (event.obituary.has_value() && (event.obituary->reason != task.obituary->reason ||
                                     event.obituary->emitted != task.obituary->emitted)) {
    return what + "wrong obituary";
  }
  if (task.failed_by == id) {
    for (const auto& [other, each] : sessions_) {
      const auto takes = each.consumes.find(event.queue);
      if (other != id && takes != each.consumes.end() && takes->second.HasCredit()) {
        return what + "it failed there, and session " + std::to_string(other) + " has credit";
      }
    }
  }
  bool contended = false;
  bool lower = false;
  for (const auto& [key, other] : tasks_) {
    if (key.first != event.queue || other.state != State::kReady || &other == &task) continue;
    if (other.spec.priority != task.spec.priority) {
      contended = true;
      lower = lower || (other.spec.priority > task.spec.priority && MustGo(other));
      continue;
    }
    const bool earlier =
        other.delivered != task.delivered ? other.delivered : other.turn < task.turn;
    if (earlier) return what + key.second.ToString() + " should have gone first";
  }
  contended_[event.queue] += contended ? 1 : 0;
  lower_[event.queue] += lower ? 1 : 0;
  if (lower_[event.queue] > contended_[event.queue] / 8) {
    return what + "too many of a lower priority";
  }
  consumer->second.sent_tasks += 1;
  consumer->second.sent_bytes += event.body.size();
  task.state = State::kLeased;
  task.delivered = true;
  task.started = false;
  task.holder = id;
  task.token = event.token;
  task.lease_ends = LeaseNow(now_) + config_.lease;
  leases_[event.token] = found->first;
  all_leases_[{event.token.epoch, event.token.lease}] = {found->first, id};
  deliveries_ += 1;
  return "";
}

std::string NaiveBroker::Judge(const Effects& effects) {
  for (const Effect& effect : effects.events) {
    if (const auto* answer = std::get_if<AnswerEvent>(&effect.event)) {
      const auto expected = expected_.find({effect.session, answer->number});
      const std::string what =
          "answer to " + std::to_string(answer->number) + " (" + answer->status.ToString() + "): ";
      if (expected == expected_.end()) return what + "nobody asked";
      if (expected->second.first != answer->status.code()) {
        return what + "should be " + std::string(StatusCodeName(expected->second.first));
      }
      if (expected->second.second != answer->known_before) return what + "known or not";
      expected_.erase(expected);
    } else if (const auto* lost = std::get_if<LeaseLostEvent>(&effect.event)) {
      const auto expected = expected_lost_.find({effect.session, lost->token});
      if (expected == expected_lost_.end())
        return "lease " + std::to_string(lost->token.lease) + " is called lost, it is not";
      expected_lost_.erase(expected);
    } else if (const auto* deliver = std::get_if<DeliverEvent>(&effect.event)) {
      if (std::string wrong = JudgeDelivery(effect.session, *deliver); !wrong.empty()) return wrong;
    } else if (const auto* operated = std::get_if<OperatedEvent>(&effect.event)) {
      if (std::string wrong = JudgeOperated(effect.session, *operated); !wrong.empty()) {
        return wrong;
      }
    }
  }
  if (!expected_.empty()) {
    return "no answer to " + std::to_string(expected_.begin()->first.second) + " of session " +
           std::to_string(expected_.begin()->first.first);
  }
  if (!expected_operated_.empty()) return "an operator's verb was not done";
  if (!expected_lost_.empty()) {
    const auto& [session, token] = *expected_lost_.begin();
    return "lost lease " + std::to_string(token.lease) + " was not told to session " +
           std::to_string(session);
  }
  for (const auto& [key, task] : tasks_) {
    if (task.state != State::kReady) continue;
    for (const auto& [id, session] : sessions_) {
      const auto consumer = session.consumes.find(key.first);
      if (consumer != session.consumes.end() && consumer->second.HasCredit() && MustGo(task)) {
        return key.first + " " + key.second.ToString() + " lies ready although session " +
               std::to_string(id) + " has credit";
      }
    }
  }
  return "";
}

std::string NaiveBroker::Compare(const MachineSnapshot& snapshot) const {
  std::map<std::string, std::array<uint64_t, 6>> counts;
  for (const auto& [key, task] : tasks_) {
    counts[key.first][static_cast<size_t>(task.state)] += 1;
    counts[key.first][5] += task.spec.body.size();
  }
  for (const QueueSnapshot& queue : snapshot.queues) {
    const QueueStats& s = queue.stats;
    const std::array<uint64_t, 6> theirs = {s.ready,   s.leased, s.accepted,
                                            s.delayed, s.dead,   s.bytes};
    if (counts[s.name] != theirs) {
      std::string text = "the counts of " + s.name + " differ (ready, leased, accepted, delayed, " +
                         "dead, bytes): should be";
      for (const uint64_t count : counts[s.name]) text += " " + std::to_string(count);
      text += ", are";
      for (const uint64_t count : theirs) text += " " + std::to_string(count);
      return text;
    }
    const auto waiting = waiting_.find(s.name);
    const size_t held_back = waiting == waiting_.end() ? 0 : waiting->second.size();
    if (queue.held_back_puts != held_back) return "the held back puts of " + s.name + " differ";
    counts.erase(s.name);
  }
  for (const auto& [queue, rest] : counts) {
    if (rest != std::array<uint64_t, 6>{}) return "queue " + queue + " is missing";
  }
  return "";
}

std::vector<NaiveBroker::Held> NaiveBroker::HeldBy(SessionId session) const {
  std::vector<Held> held;
  for (const auto& [token, key] : leases_) {
    if (tasks_.at(key).holder == session) held.push_back({token, key.first, key.second});
  }
  return held;
}

std::vector<SessionId> NaiveBroker::Connected() const {
  std::vector<SessionId> connected;
  for (const auto& [id, session] : sessions_) {
    if (session.connected) connected.push_back(id);
  }
  return connected;
}

bool NaiveBroker::IsConnected(SessionId session) const {
  const auto found = sessions_.find(session);
  return found != sessions_.end() && found->second.connected;
}

}  // namespace cohort
