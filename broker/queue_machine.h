// The broker's promises, as a pure state machine: commands and time in, events out.
//
// No socket, clock or disk is inside: the same commands at the same times give the same events, so
// tests drive it by hand and with seeded random commands, and a journal can replay it. What it
// promises is tested line by line in tests/broker and beside a naive model. One thread.
//
// A command may arrive twice (a client repeats what was not answered): puts are known by their ids,
// settles by their leases, the others change nothing the second time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/machine_types.h"
#include "broker/queue.h"
#include "broker/task.h"

namespace cohort {

class QueueMachine {
 public:
  QueueMachine(const MachineConfig& config, Time now);
  ~QueueMachine();

  // A process (again) says who it is. The welcome lists the held leases that are not known; leases
  // of this session that it does not list never arrived and are handed back. Its credit starts
  // anew. Fails for good when the session was ended by a later one of the same instance.
  struct HelloAnswer {
    uint64_t processed = 0;  // commands of this session that were applied before
    std::vector<LeaseToken> lost;
  };
  Result<HelloAnswer> Hello(Time now, SessionId session, const HelloMessage& hello,
                            Effects& effects);
  // Frees its leases at once; no attempt is counted.
  void Goodbye(Time now, SessionId session, Effects& effects);
  // Its leases stay its own for the grace.
  void ConnectionLost(Time now, SessionId session, Effects& effects);
  void Heard(Time now, SessionId session);
  // Commands of a session that is not connected are ignored.
  void Apply(Time now, SessionId session, Command command, Effects& effects);
  // Lets time pass. `drained`: everything that peers had sent was applied before; only then do
  // leases, deadlines and silent sessions end.
  void Tick(Time now, bool drained, Effects& effects);
  // Nothing is delivered any more.
  void StopDelivering(Time now);

  bool Knows(SessionId session) const { return sessions_.contains(session); }
  bool IsConnected(SessionId session) const;
  uint64_t processed(SessionId session) const;
  const MachineConfig& config() const { return config_; }
  MachineSnapshot Snapshot(Time now) const;

 private:
  struct Session {
    SessionId id = 0;
    Role role = Role::kOperator;
    std::string instance;
    bool connected = false;
    Time last_heard;  // lease time
    Time lost_at;     // lease time; when not connected
    uint64_t processed = 0;
    std::map<uint64_t, Task*> leases;  // by lease
    std::set<Queue*> subscriptions;
    uint64_t waiting_tasks = 0, waiting_bytes = 0;  // puts held back
  };
  // A moment at which something is due for a task; order breaks ties.
  using Timers = std::map<std::pair<Time, uint64_t>, Task*>;
  enum class EndOfSession { kHandBack, kLoss };

  // Verbs.
  void On(Time now, Session& session, uint64_t number, PutCommand& put, Effects& effects);
  void On(Time now, Session& session, uint64_t number, FloorCommand& floor, Effects& effects);
  void On(Time now, Session& session, uint64_t number, CancelCommand& cancel, Effects& effects);
  void On(Time now, Session& session, uint64_t number, SubscribeCommand& s, Effects& effects);
  void On(Time now, Session& session, uint64_t number, CreditCommand& credit, Effects& effects);
  void On(Time now, Session& session, uint64_t number, BeginCommand& begin, Effects& effects);
  void On(Time now, Session& session, uint64_t number, EmitCommand& emit, Effects& effects);
  void On(Time now, Session& session, uint64_t number, SettleCommand& settle, Effects& effects);
  void On(Time now, Session& session, uint64_t number, RenewCommand& renew, Effects& effects);
  void On(Time now, Session& session, uint64_t number, AcceptCommand& accept, Effects& effects);
  void On(Time now, Session& session, uint64_t number, ReleaseCommand& release, Effects& effects);
  void On(Time now, Session& session, uint64_t number, FailCommand& fail, Effects& effects);
  void On(Time now, Session& session, uint64_t number, StatsCommand& stats, Effects& effects);

  // Tasks (task_life.cc).
  Queue* FindQueue(const std::string& name) const;
  Queue* TouchQueue(const std::string& name);  // null when there are too many
  Status CheckSpec(const TaskSpec& spec);
  bool PutNew(Time now, TaskSpec spec);  // false when it was known
  Status PutChildren(Time now, Task* parent, std::vector<TaskSpec>& children);
  void Lease(Time now, Task* task, Consumer* consumer, Effects& effects);
  // Takes the lease away from its holder; the task's state is then the caller's to set.
  void Unlease(Task* task);
  void HandBack(Task* task);
  void CountFailure(Time now, Task* task, const std::string& reason, Duration delay,
                    Effects& effects);
  void Lose(Time now, Task* task, const std::string& reason, Effects& effects);
  // Without a result: writes the obituary. A dead letter stays, the others are forgotten.
  void End(Time now, Task* task, EndReason reason, const std::string& detail, Effects& effects);
  void TellLost(const Task* task, const std::string& reason, Effects& effects);
  void Forget(Task* task, uint64_t settled_by);
  Duration RetryDelay(const Task* task, uint32_t failures) const;

  // Leases and sessions.
  Task* Leased(const Session& session, const LeaseToken& token) const;
  // Why a token is no lease of the session: unknown here, or no longer its own.
  Status WhyNotLeased(const LeaseToken& token) const;
  void CountStale(const LeaseToken& token, Queue* queue);
  void Answer(const Session& session, uint64_t number, Status status, bool known, Effects& effects);
  void EndSession(Time now, SessionId id, EndOfSession how, const std::string& why,
                  Effects& effects);
  void DropWaitingPuts(Session& session);
  void DropSubscriptions(Session& session);

  // Delivery (pump.cc).
  void MarkDirty(Queue* queue);
  void Pump(Time now, Effects& effects);
  void AdmitWaiting(Time now, Queue* queue, Effects& effects);
  void Deliver(Time now, Queue* queue, Effects& effects);
  Task* Pick(Queue* queue);
  void NoteWait(Time now, Queue* queue);
  bool MayDeliver(Time now) const;

  void ExpireSessions(Time now, Effects& effects);
  // Leases do not feel a pause in which nobody could renew them.
  void NoticeGap(Time now);
  Time LeaseNow(Time now) const { return now - skipped_; }

  const MachineConfig config_;
  const Time started_;
  Time last_turn_;
  Duration skipped_{0};  // all such pauses
  Time next_session_check_;
  bool grace_over_ = false;
  bool stopping_ = false;
  uint64_t next_order_ = 0;
  uint64_t next_lease_ = 0;
  uint64_t unknown_answers_ = 0;
  std::map<std::string, std::unique_ptr<Queue>> queues_;
  std::map<SessionId, Session> sessions_;
  std::map<std::pair<Role, std::string>, SessionId> instances_;
  std::set<SessionId> superseded_;
  std::deque<SessionId> superseded_order_;
  std::unordered_map<uint64_t, Task*> leases_;
  Timers lease_timers_;     // lease time
  Timers deadline_timers_;  // broker time
  Timers delay_timers_;     // broker time
  std::deque<Queue*> dirty_;
};

}  // namespace cohort
