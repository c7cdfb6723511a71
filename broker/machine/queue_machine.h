// The broker's promises, as a pure state machine: commands and time in, events out.
//
// No socket, clock or disk is inside: the same commands at the same times give the same events, so
// tests drive it by hand and with seeded random commands. What it promises is tested line by line
// in tests/broker and beside a naive model. One thread.
//
// What must survive comes out as changes among the effects (broker/machine/changes.h), and each
// event says which of them must be durable before it may be sent, so that no peer ever learns what
// a power cut can undo (a delivery of what was put promises nothing, docs/broker.md). A machine of
// the next life is given the changes back and then started.
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
#include <unordered_set>
#include <vector>

#include "broker/machine/machine_types.h"
#include "broker/machine/queue.h"
#include "broker/machine/task.h"

namespace cohort {

class QueueMachine {
 public:
  QueueMachine(const MachineConfig& config, Time now);
  ~QueueMachine();

  // --- from one life to the next
  // The changes of earlier lives, in their order; then Start, once. A machine without a past needs
  // neither. What a change names and is not there (its record was damaged) is passed over.
  void Restore(Change change);
  // Changes up to this one are taken, though some were not restored.
  void SkipTo(uint64_t sequence);
  // `now` is not before the last change's time. Leases stay valid for those who name them in their
  // hello. `damaged`: some changes are missing, so producers are asked to put again what matters.
  void Start(Time now, bool damaged, Effects& effects);
  // Writes what was last written before this change anew, oldest first, up to about `bytes`.
  void Rewrite(Time now, uint64_t before, size_t bytes, Effects& effects);
  // Changes before this one are not needed any more, once all up to tail() are durable.
  uint64_t oldest_needed();
  uint64_t tail() const { return tail_; }
  // What all that is known would take, written once.
  uint64_t live_bytes() const { return record_order_.bytes(); }
  // While there is a reason, tasks that must be durable are not taken in from producers.
  void RefusePuts(const std::string& why);

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
  // The same, but what it leads to is delivered with the next Tick.
  void Take(Time now, SessionId session, Command command, Effects& effects);
  // Lets time pass. `drained`: everything that peers had sent was applied before; only then do
  // leases, deadlines and silent sessions end.
  void Tick(Time now, bool drained, Effects& effects);
  // Nothing is delivered any more.
  void StopDelivering(Time now);

  bool Knows(SessionId session) const { return sessions_.contains(session); }
  bool IsConnected(SessionId session) const;
  uint64_t processed(SessionId session) const;
  const MachineConfig& config() const { return config_; }
  uint64_t epoch() const { return epoch_; }
  // Tasks that were put since this epoch are still known.
  uint64_t remembered_since() const;
  MachineSnapshot Snapshot(Time now) const;

 private:
  struct Session {
    SessionId id = 0;
    Role role = Role::kOperator;
    std::string instance;
    bool connected = false;
    bool restored = false;  // known from the journal only: it has not said hello in this life
    Time last_heard;        // lease time
    Time lost_at;           // lease time; when not connected
    uint64_t processed = 0;
    std::map<LeaseKey, Task*> leases;
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

  // Verbs of operators (operator_verbs.cc).
  void On(Time now, Session& session, uint64_t number, PeekCommand& peek, Effects& effects);
  void On(Time now, Session& session, uint64_t number, ReviveCommand& revive, Effects& effects);
  void On(Time now, Session& session, uint64_t number, PurgeCommand& purge, Effects& effects);
  void On(Time now, Session& session, uint64_t number, PauseCommand& pause, Effects& effects);
  void On(Time now, Session& session, uint64_t number, ResumeCommand& resume, Effects& effects);
  // Null, and the command is answered, when it may not be done.
  Queue* OperatorsQueue(const Session& session, uint64_t number, const std::string& queue,
                        Effects& effects);
  TaskSummary Summary(Time now, const Task* task) const;
  // Why a dead letter stays one.
  Status MayRevive(Time now, const Task* task) const;
  void Revive(Time now, Task* task, const std::string& by, Effects& effects);
  void SetPaused(Time now, Queue* queue, bool paused, Effects& effects);

  // Tasks (task_life.cc).
  Queue* FindQueue(const std::string& name) const;
  Queue* TouchQueue(const std::string& name);  // null when there are too many
  Status CheckSpec(const TaskSpec& spec);
  // Results flow from `from` to `to` from now on; refused when they would flow in a circle.
  Status Connect(Queue* from, Queue* to);
  // Of an id that its queue does not know. The caller records it. Takes the body; the names stay.
  Task* PutNew(Time now, TaskSpec&& spec);
  // A producer's task: put and recorded, or counted where its id is known.
  void Enter(Time now, Queue* queue, TaskSpec&& spec, bool known, Effects& effects);
  // Puts those that are not known, which are then in `fresh`.
  Status PutChildren(Time now, Task* parent, std::vector<TaskSpec>& children,
                     std::vector<Task*>& fresh);
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
  Task* WriteObituary(Time now, const Task* task, EndReason reason, const std::string& detail);
  // What is known of its id then, or null.
  Entry* Forget(Task* task, LeaseKey settled_by);
  Duration RetryDelay(const Task* task, uint32_t failures) const;

  // Leases and sessions.
  Task* Leased(const Session& session, const LeaseToken& token) const;
  // Why a token is no lease of the session: unknown here, or no longer its own.
  Status WhyNotLeased(const LeaseToken& token) const;
  void CountStale(const LeaseToken& token, Queue* queue);
  void Answer(const Session& session, uint64_t number, Status status, bool known, Effects& effects,
              uint64_t after = 0);
  void AnswerHolder(const Session& session, uint64_t number, bool known, Effects& effects,
                    uint64_t after);
  void EndSession(Time now, SessionId id, EndOfSession how, const std::string& why,
                  Effects& effects);
  void DropWaitingPuts(Session& session);
  void DropSubscriptions(Session& session);

  // Changes (recording.cc, restoring.cc).
  uint64_t Record(Time now, ChangeOf what, Effects& effects);
  void RecordTask(Time now, Task* task, Effects& effects);
  void RecordLease(Time now, const Task* task, Effects& effects);
  // Of one queue, placed nowhere.
  void RecordRemembered(Time now, const std::vector<Entry*>& entries, Effects& effects);
  void RecordQueue(Time now, Queue* queue, Effects& effects);
  // `told`: its obituary was withdrawn.
  void RecordRevive(Time now, Task* task, bool told, Effects& effects);
  // A parent's step and the tasks that it brought into being, in one change. `over`: what is known
  // of the parent's id when the step was its last.
  void RecordStep(Time now, const Queue* queue, Entry* over, ChangeOf step,
                  const std::vector<Task*>& children, Effects& effects);
  // What must be durable before anything is said of the queue's state.
  uint64_t After(const Queue* queue) const { return queue->durable() ? synced_tail_ : 0; }
  // … before a step of this queue that brought these children is confirmed: they may be more
  // durable than it is.
  uint64_t After(const Queue* queue, const std::vector<TaskSpec>& children) const;
  Task* RestoreTask(TaskImage image, uint64_t sequence);
  void RestoreChildren(std::vector<TaskImage> children, uint64_t sequence);
  Task* FindTask(const std::string& queue, const TaskId& id) const;
  void StartTask(Task* task);

  // Delivery (pump.cc).
  void MarkDirty(Queue* queue);
  void Pump(Time now, Effects& effects);
  void AdmitWaiting(Time now, Queue* queue, Effects& effects);
  void Deliver(Time now, Queue* queue, Effects& effects);
  Task* Pick(Queue* queue);
  void NoteWait(Time now, Queue* queue);
  // Producers learn which queue holds their puts back.
  void TellHeldBack(Time now, Effects& effects);
  // The next in turn, or another one where that one has failed the task before.
  Consumer* Taker(Queue* queue, const Task* task, Consumer* next) const;
  bool MayDeliver(Time now) const;
  bool MayGrow(const Queue* queue) const;

  void ExpireSessions(Time now, Effects& effects);
  // Leases do not feel a pause in which nobody could renew them.
  void NoticeGap(Time now);
  Time LeaseNow(Time now) const { return now - skipped_; }

  const MachineConfig config_;
  uint64_t epoch_;
  uint64_t remembered_since_;
  Time started_;
  Time last_turn_;
  Duration skipped_{0};  // all such pauses
  Time next_session_check_;
  Time next_held_back_check_;
  bool grace_over_ = false;
  bool stopping_ = false;
  uint64_t next_order_ = 0;
  std::unordered_set<uint64_t> restored_orders_;  // until the start
  uint64_t next_lease_ = 0;
  uint64_t unknown_answers_ = 0;
  uint64_t tail_ = 0;          // the last change
  uint64_t synced_tail_ = 0;   // the last that must be synced
  uint64_t start_record_ = 0;  // the newest StartChange
  std::string puts_refused_;   // why; empty: they are not
  RecordOrder record_order_;   // before the queues, whose entries it links
  std::map<std::string, std::unique_ptr<Queue>> queues_;
  std::map<SessionId, Session> sessions_;
  std::map<std::pair<Role, std::string>, SessionId> instances_;
  std::set<SessionId> superseded_;
  std::deque<SessionId> superseded_order_;
  Timers lease_timers_;     // lease time
  Timers deadline_timers_;  // broker time
  Timers delay_timers_;     // broker time
  std::deque<Queue*> dirty_;
};

}  // namespace cohort
