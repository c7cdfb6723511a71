#include "tests/broker/peer_knowledge.h"

namespace cohort {

void PeerKnowledge::Asked(SessionId session, const Command& command,
                          std::vector<TaskKey> cancelled) {
  if (!IsAnswered(command.verb)) return;
  if (const auto* put = std::get_if<PutCommand>(&command.verb)) {
    put_.emplace(put->task.queue, put->task.id);
  }
  questions_[{session, command.number}] = {command, std::move(cancelled)};
}

void PeerKnowledge::HeardAnswer(SessionId session, const AnswerEvent& answer) {
  const auto found = questions_.find({session, answer.number});
  if (found == questions_.end()) return;  // asked in the broker's last life
  const Question question = std::move(found->second);
  questions_.erase(found);
  if (!answer.status.ok()) return;
  const auto children_exist = [this](const std::vector<TaskSpec>& children) {
    for (const TaskSpec& child : children) exists_.emplace(child.queue, child.id);
  };
  const Verb& verb = question.command.verb;
  if (const auto* put = std::get_if<PutCommand>(&verb)) {
    exists_.emplace(put->task.queue, put->task.id);
  } else if (const auto* emit = std::get_if<EmitCommand>(&verb)) {
    children_exist(emit->children);
  } else if (const auto* settle = std::get_if<SettleCommand>(&verb)) {
    exists_.emplace(settle->queue, settle->id);
    over_.emplace(settle->queue, settle->id);
    // A settle that was known may have had other children.
    if (!answer.known_before) children_exist(settle->children);
  } else if (std::holds_alternative<CancelCommand>(verb)) {
    for (const TaskKey& key : question.cancelled) {
      exists_.insert(key);
      over_.insert(key);
    }
  }
}

void PeerKnowledge::Heard(SessionId session, const Event& event) {
  if (const auto* answer = std::get_if<AnswerEvent>(&event)) return HeardAnswer(session, *answer);
  if (const auto* deliver = std::get_if<DeliverEvent>(&event)) {
    const TaskKey key{deliver->queue, deliver->id};
    if (!put_.contains(key)) exists_.insert(key);
    if (const auto& told = deliver->obituary) told_.insert({key, {told->reason, told->emitted}});
    held_[session][deliver->token] = key;
  } else if (const auto* lost = std::get_if<LeaseLostEvent>(&event)) {
    held_[session].erase(lost->token);
  }
}

void PeerKnowledge::BrokerDied(const std::function<bool(const std::string&)>& is_durable) {
  questions_.clear();
  const auto in_memory = [&](const TaskKey& key) { return !is_durable(key.first); };
  std::erase_if(exists_, in_memory);
  std::erase_if(over_, in_memory);
}

}  // namespace cohort
