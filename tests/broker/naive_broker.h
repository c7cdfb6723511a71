// The broker's promises once more, in the plainest form that can be written: lists that are
// searched, no order of its own. It is told every command first and every event afterwards, and
// says what is wrong with them.
//
// It predicts every answer and every lost lease exactly; deliveries it judges (may this task go to
// this session now, is there none that should have gone before it) and then believes. After each
// command nothing may be left that could be delivered.
//
// When the broker starts again it judges what the machine brought back by what it knew itself and
// by what the peers had been told, and goes on with that.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "broker/machine/machine_types.h"
#include "tests/broker/machine_dump.h"
#include "tests/broker/peer_knowledge.h"

namespace cohort {

// What a new life of the broker begins with.
struct Afterlife {
  MachineDump dump;  // of the new machine
  bool power_cut = false;
  uint64_t epoch = 0;
  uint64_t remembered_since = 0;
  std::set<std::pair<std::string, std::string>> flows;  // of results, in the journal
  std::set<std::string> queues;                         // that exist
};

class NaiveBroker {
 public:
  NaiveBroker(const MachineConfig& config, Time now)
      : config_(config),
        epoch_(config.epoch),
        remembered_since_(config.epoch),
        started_(now),
        last_(now) {}

  // --- what the machine is told
  // The lost leases that it must name; nothing when it must refuse.
  std::optional<std::set<LeaseToken>> Hello(Time now, SessionId session, const HelloMessage& hello);
  void Goodbye(Time now, SessionId session);
  void ConnectionLost(Time now, SessionId session);
  void Heard(Time now, SessionId session);
  void Apply(Time now, SessionId session, const Command& command);
  void Tick(Time now);
  void RefusePuts(bool refuse) { puts_refused_ = refuse; }

  // --- what it said then
  // The first thing that is wrong; empty when all is well.
  std::string Judge(const Effects& effects);
  // Counts per queue and state against the machine's own.
  std::string Compare(const MachineSnapshot& snapshot) const;
  // The broker starts again. What is wrong with the new life, given what the peers know.
  std::string Restart(Time now, const Afterlife& after, const PeerKnowledge& peers);

  // --- for whoever draws commands
  struct Held {
    LeaseToken token;
    std::string queue;
    TaskId id;
  };
  std::vector<Held> HeldBy(SessionId session) const;
  std::vector<SessionId> Connected() const;
  bool IsConnected(SessionId session) const;
  std::vector<TaskKey> InRange(const CancelCommand& cancel) const;
  bool IsDurable(const std::string& queue) const;
  uint64_t epoch() const { return epoch_; }
  uint64_t deliveries() const { return deliveries_; }
  uint64_t ends_without_result() const { return obituaries_; }
  uint64_t revived() const { return revived_; }
  uint64_t purged() const { return purged_; }

 private:
  enum class State { kReady, kLeased, kAccepted, kDelayed, kDead };
  struct Task {
    TaskSpec spec;
    State state = State::kReady;
    std::optional<Obituary> obituary;
    Time deadline = Time::max();
    uint64_t turn = 0;   // in which it was put
    uint64_t order = 0;  // of the put; exact within a queue
    bool delivered = false;
    uint32_t failures = 0;
    uint32_t most_failures = 0;  // before it was revived
    SessionId failed_by = 0;
    bool admitted = false;  // it had waited for room
    std::vector<TaskId> emitted;
    std::vector<TaskKey> children;    // the same with their queues
    std::optional<TaskKey> tells_of;  // of an obituary: whose
    SessionId holder = 0;
    LeaseToken token;
    bool started = false;
    Time lease_ends;
  };
  struct Consumer {
    uint64_t tasks = 0, bytes = 0, sent_tasks = 0, sent_bytes = 0;
    bool HasCredit() const { return tasks > sent_tasks && bytes > sent_bytes; }
  };
  struct Session {
    std::string instance;
    Role role = Role::kActor;
    bool connected = true;
    bool restored = false;
    Time last_heard, lost_at;
    std::map<std::string, Consumer> consumes;
  };
  struct Waiting {
    SessionId session = 0;
    uint64_t number = 0;
    TaskSpec spec;
  };
  using Key = TaskKey;
  // Of a task that is over.
  struct Over {
    LeaseKey by;  // zero: without result
    std::vector<Key> children;
    std::optional<Key> obituary;
  };

  void Advance(Time now);
  Time LeaseNow(Time now) const { return now - skipped_; }
  bool Known(const TaskSpec& spec) const;
  bool BelowFloor(const Key& key) const;
  struct Load {
    uint64_t tasks = 0, bytes = 0;
  };
  Load Bounded(const std::string& queue, bool before_admissions = false) const;
  uint64_t Remembered(const std::string& queue) const;
  bool HasRoom(const TaskSpec& spec) const;
  // Within a turn room is given to what has waited for it and deliveries are made, in any order.
  bool IsFull(const std::string& queue, bool before_admissions = false) const;
  bool MayGrow(const std::string& queue) const { return !puts_refused_ || !IsDurable(queue); }
  bool MayGo(const Task& task, bool before_admissions = false) const;
  // MayGo, and nothing of its priority that cannot go is before it.
  bool MustGo(const Task& task) const;
  StatusCode Check(const TaskSpec& spec);
  StatusCode CheckChildren(const std::string& parent, const std::vector<TaskSpec>& children);
  bool Flows(const std::string& from, const std::string& to) const;
  void ForgetOldDead(const std::string& queue);
  void Insert(Time now, const TaskSpec& spec);
  void PutChildren(Time now, Task& parent, const std::vector<TaskSpec>& children);
  void End(const Key& key, EndReason reason);
  void MakeReady(Task& task);
  void Lose(const Key& key);
  void Fail(const Key& key, bool delayed);
  void TellLost(const Task& task);
  void EndSession(SessionId session, bool loss);
  void AdmitWaiting(Time now);
  void Touch(const TaskSpec& spec);
  // The verbs of operators (naive_operator.cc).
  void ApplyOperators(Time now, SessionId session, const Command& command);
  bool MayRevive(Time now, const Key& key) const;
  void Revive(const Key& key);
  std::string JudgeOperated(SessionId session, const OperatedEvent& event);
  const Key* Leased(SessionId session, const LeaseToken& token) const;
  // restart: what is wrong with one task, as it was and as it is.
  std::string JudgeRestored(const Key& key, const Afterlife& after,
                            const PeerKnowledge& peers) const;
  std::string JudgeLive(const Key& key, const TaskImage& image, const Afterlife& after,
                        const PeerKnowledge& peers) const;
  std::string JudgeOver(const Key& key, LeaseKey by, const Afterlife& after) const;
  std::string JudgeMissing(const Key& key, const Afterlife& after,
                           const PeerKnowledge& peers) const;
  void Adopt(Time now, const Afterlife& after);
  StatusCode WhyNot(const LeaseToken& token) const;
  void Expect(SessionId session, uint64_t number, StatusCode code, bool known = false);
  std::string JudgeDelivery(SessionId session, const DeliverEvent& event);

  const MachineConfig config_;
  uint64_t epoch_;
  uint64_t remembered_since_;
  bool puts_refused_ = false;
  Time started_;
  Time now_;
  Time last_;
  Duration skipped_{0};
  uint64_t turn_ = 0, order_ = 0;
  std::set<std::string> queues_;  // that exist
  std::set<std::string> paused_;
  uint64_t deliveries_ = 0, obituaries_ = 0, revived_ = 0, purged_ = 0;
  std::map<Key, Task> tasks_;
  std::map<Key, Over> ended_;  // and not below a floor
  // Everything that ever was, as it was last: what a power cut may bring back.
  std::map<Key, Task> archive_;
  std::map<Key, std::vector<std::optional<Obituary>>> withdrawn_;  // by revivals
  std::map<Key, Over> all_ended_;
  std::set<std::pair<std::string, std::string>> flows_;
  std::map<LeaseKey, std::pair<Key, SessionId>> all_leases_;
  std::map<std::tuple<std::string, uint64_t, uint64_t>, uint64_t> floors_;
  std::map<SessionId, Session> sessions_;
  std::set<SessionId> superseded_;
  std::map<std::string, std::deque<Waiting>> waiting_;
  std::map<LeaseToken, Key> leases_;
  std::set<LeaseToken> seen_tokens_;
  std::map<std::pair<SessionId, uint64_t>, std::pair<StatusCode, bool>> expected_;
  struct Operated {
    uint64_t done = 0, refused = 0, tasks = 0;
    auto operator<=>(const Operated&) const = default;
  };
  std::map<std::pair<SessionId, uint64_t>, Operated> expected_operated_;
  std::multiset<std::pair<SessionId, LeaseToken>> expected_lost_;
  std::map<std::string, uint64_t> contended_, lower_;  // deliveries, by queue
};

}  // namespace cohort
