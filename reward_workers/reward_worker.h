// The reward worker: takes rollouts, has them scored, settles them with what became of them.
//
// One thread calls Start, Step and Drain; it alone touches scorers and timers. A rollout's text is
// scored by the scorers that its prompt names; those that answer at once are settled at once, the
// others wait in memory. A delivery that is no rollout is failed with its reason (and ends as a
// dead letter after its attempts); scorers that are not configured here mask the sample as
// task_unsupported. A lease that is lost, or a broker that forgot, cancels what was under way for
// it. No sockets, no waiting but in BrokerClient::Next: tests drive it by hand.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/guarded.h"
#include "libs/messaging/broker_client.h"
#include "libs/protocol/types.h"
#include "libs/scoring/composition.h"
#include "libs/telemetry/status_report.h"
#include "reward_workers/appetite.h"
#include "reward_workers/mailbox.h"
#include "reward_workers/reward_metrics.h"
#include "reward_workers/score_plans.h"
#include "reward_workers/timer_queue.h"

namespace cohort {

class RewardWorker {
 public:
  struct Options {
    std::string instance;             // "reward-worker-1"
    std::vector<std::string> routes;  // whose rollouts it takes
    uint32_t tasks_in_flight = 256;   // of each route at most: a slow one uses up no other's
    std::map<std::string, size_t> places = {};  // by route: rollouts worked on at once (appetite.h)
    uint64_t credit_bytes = 64 << 20;           // of bodies under way, of each route
  };
  // Token ids to text without special tokens.
  using TokenDecoder = std::function<std::string(std::span<const int32_t>)>;

  // Everything that is pointed to outlives the worker.
  struct Parts {
    BrokerClient* broker = nullptr;
    const Clock* clock = nullptr;
    ScorePlans* plans = nullptr;
    TimerQueue* timers = nullptr;
    RewardMetrics* metrics = nullptr;
    Mailbox* mailbox = nullptr;  // of scorers that answer from other threads; may be null
    TokenDecoder decode;
  };
  RewardWorker(Options options, Parts parts);
  ~RewardWorker();
  RewardWorker(const RewardWorker&) = delete;
  RewardWorker& operator=(const RewardWorker&) = delete;

  // Subscribes and asks for work.
  void Start();

  // Handles what has come and what is due; waits at most `max_wait`, and never past a timer, when
  // there is nothing. Fails when the broker refuses this worker for good.
  Status Step(Duration max_wait);

  // Takes no more work and hands back what is under way. What was settled is still confirmed by
  // further Steps, until drained().
  void Drain();
  bool drained() const { return draining_ && tasks_.empty() && unconfirmed_.empty(); }

  // Who waits for what, since when. From any thread.
  StatusReport Report() const;

 private:
  struct Task;
  struct Answered {  // a scorer's verdict, on its way from the callback to Settle
    LeaseToken token;
    size_t scorer;
    Verdict verdict;
  };
  struct Snapshot {  // what Report shows
    bool draining = false;
    std::map<std::string, size_t> in_flight;  // by route
    std::string oldest_id;                    // under way the longest
    std::string oldest_route;
    std::string oldest_phase;  // what its scorers do now; empty: nothing to tell
    Time oldest_since{};
    Time idle_since{};
    size_t unconfirmed = 0;
    std::map<std::string, double> finished;  // outcomes by reason
  };

  void Handle(BrokerEvent event);
  void Handle(Delivery delivery);
  void Handle(const Answer& answer);
  void Handle(const LeaseLost& lost);
  void Handle(const SessionStarted& session);
  void Handle(const SessionRefused& refused);

  Result<Rollout> Read(const Delivery& delivery);
  void Take(Delivery delivery, Rollout rollout);
  void AskScorers(Task& task);
  void TakeAnswers();
  void SettleTask(Task& task, Outcome outcome);
  void Forget(const LeaseToken& token);
  static std::string PhaseOf(const Task& task);
  void TellPhases();
  void GrantCredit(const std::string& route);
  void Publish();

  const Options options_;
  const Parts parts_;

  std::map<LeaseToken, std::unique_ptr<Task>> tasks_;  // under way, in the order of their leases
  std::map<std::string, size_t> in_flight_;            // tasks_ by route
  std::map<std::string, uint32_t> granted_;            // by route
  std::map<std::string, Appetite> appetites_;          // by route
  std::vector<Answered> answered_;
  std::map<uint64_t, LeaseToken> unconfirmed_;  // settles by tag
  uint64_t next_tag_ = 1;
  Time next_phases_{};
  bool draining_ = false;
  Status refused_;
  Snapshot now_;
  Guarded<Snapshot> shown_;
};

}  // namespace cohort
