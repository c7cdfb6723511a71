// What the broker's peers have been told, and may rely on for ever after.
//
// Grows with each event that really reaches a peer (whoever plays the server holds events back
// until they are durable). Only queues in memory are ever forgotten.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/machine/machine_types.h"
#include "tests/broker/machine_dump.h"

namespace cohort {

class PeerKnowledge {
 public:
  // A command was given to the broker; `cancelled`: the tasks that a cancel is about.
  void Asked(SessionId session, const Command& command, std::vector<TaskKey> cancelled);
  // An event has reached its peer.
  void Heard(SessionId session, const Event& event);
  // Nobody waits for an answer any more, queues in memory are gone.
  void BrokerDied(const std::function<bool(const std::string& queue)>& is_durable);

  bool Exists(const TaskKey& key) const { return exists_.contains(key); }
  bool IsOver(const TaskKey& key) const { return over_.contains(key); }
  // It was delivered, as an obituary that says this.
  bool WasTold(const TaskKey& key, const Obituary& obituary) const {
    return told_.contains({key, {obituary.reason, obituary.emitted}});
  }
  // The leases that a process holds, as far as it has heard.
  const std::map<LeaseToken, TaskKey>& HeldBy(SessionId session) { return held_[session]; }
  // A process has answered for a lease and lists it no more.
  void LetGo(SessionId session, const LeaseToken& token) { held_[session].erase(token); }
  uint64_t confirmed() const { return exists_.size(); }

 private:
  struct Question {
    Command command;
    std::vector<TaskKey> cancelled;
  };
  void HeardAnswer(SessionId session, const AnswerEvent& answer);

  // Somebody puts it, or has: delivered, it proves nothing, for the put may still be undone.
  std::set<TaskKey> put_;
  std::set<TaskKey> exists_;  // was put for good: it lives or is over
  std::set<TaskKey> over_;    // settled or cancelled for good
  std::set<std::pair<TaskKey, std::pair<EndReason, std::vector<TaskId>>>> told_;
  std::map<std::pair<SessionId, uint64_t>, Question> questions_;
  std::map<SessionId, std::map<LeaseToken, TaskKey>> held_;
};

}  // namespace cohort
