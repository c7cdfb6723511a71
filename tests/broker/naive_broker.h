// The broker's promises once more, in the plainest form that can be written: lists that are
// searched, no order of its own. It is told every command first and every event afterwards, and
// says what is wrong with them.
//
// It predicts every answer and every lost lease exactly; deliveries it judges (may this task go to
// this session now, is there none that should have gone before it) and then believes. After each
// command nothing may be left that could be delivered.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "broker/machine_types.h"

namespace cohort {

class NaiveBroker {
 public:
  NaiveBroker(const MachineConfig& config, Time now) : config_(config), started_(now), last_(now) {}

  // --- what the machine is told
  // The lost leases that it must name; nothing when it must refuse.
  std::optional<std::set<LeaseToken>> Hello(Time now, SessionId session, const HelloMessage& hello);
  void Goodbye(Time now, SessionId session);
  void ConnectionLost(Time now, SessionId session);
  void Heard(Time now, SessionId session);
  void Apply(Time now, SessionId session, const Command& command);
  void Tick(Time now);

  // --- what it said then
  // The first thing that is wrong; empty when all is well.
  std::string Judge(const Effects& effects);
  // Counts per queue and state against the machine's own.
  std::string Compare(const MachineSnapshot& snapshot) const;

  // --- for whoever draws commands
  struct Held {
    LeaseToken token;
    std::string queue;
    TaskId id;
  };
  std::vector<Held> HeldBy(SessionId session) const;
  std::vector<SessionId> Connected() const;
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
    uint64_t order = 0;  // of its put
    bool delivered = false;
    uint32_t failures = 0;
    std::vector<TaskId> emitted;
    SessionId failed_by = 0;
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
    Time last_heard, lost_at;
    std::map<std::string, Consumer> consumes;
  };
  struct Waiting {
    SessionId session = 0;
    uint64_t number = 0;
    TaskSpec spec;
  };
  using Key = std::pair<std::string, TaskId>;

  void Advance(Time now);
  Time LeaseNow(Time now) const { return now - skipped_; }
  bool Known(const TaskSpec& spec) const;
  uint64_t Bounded(const std::string& queue, bool bytes) const;
  bool HasRoom(const TaskSpec& spec) const;
  bool IsFull(const std::string& queue) const;
  bool MayGo(const Task& task) const;
  bool TooLarge(const std::vector<TaskSpec>& specs) const;
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
  void TouchChildren(const std::vector<TaskSpec>& children);
  // The verbs of operators (naive_operator.cc).
  void ApplyOperators(Time now, SessionId session, const Command& command);
  bool MayRevive(Time now, const Key& key) const;
  void Revive(const Key& key);
  std::string JudgeOperated(SessionId session, const OperatedEvent& event);
  const Key* Leased(SessionId session, const LeaseToken& token) const;
  StatusCode WhyNot(const LeaseToken& token) const;
  void Expect(SessionId session, uint64_t number, StatusCode code, bool known = false);
  std::string JudgeDelivery(SessionId session, const DeliverEvent& event);

  const MachineConfig config_;
  const Time started_;
  Time now_;
  Time last_;
  Duration skipped_{0};
  uint64_t turn_ = 0;
  uint64_t next_order_ = 0;
  std::set<std::string> queues_;  // that exist
  std::set<std::string> paused_;
  uint64_t deliveries_ = 0, obituaries_ = 0, revived_ = 0, purged_ = 0;
  std::map<Key, Task> tasks_;
  std::map<Key, uint64_t> ended_;  // by whose lease; 0: without result
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
