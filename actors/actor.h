// An actor: takes prompts from the broker, weights from the learner, and gives rollouts.
//
// Subscribes to prompts.<route> of every route. Asks for as many prompts as it has room for, and
// for none before it has weights. Every finished sample is emitted at once as a task of
// rollouts.<route>; the last one settles its prompt. A redelivered prompt's samples that exist are
// not drawn again. A prompt that this model cannot answer fails with one line; one whose lease or
// broker is lost is dropped. All of it runs on the thread that calls RunOnce; Status is
// thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/actor_metrics.h"
#include "actors/rollout_engine.h"
#include "libs/base/clock.h"
#include "libs/base/guarded.h"
#include "libs/config/config.h"
#include "libs/messaging/broker_client.h"
#include "libs/telemetry/health.h"
#include "libs/telemetry/status_report.h"
#include "libs/weights/subscriber.h"

namespace cohort {

class Actor {
 public:
  // What it works with; all must outlive it.
  struct Parts {
    const Config* config = nullptr;
    const ModelConfig* model = nullptr;
    BrokerClient* broker = nullptr;
    WeightsSubscriber* weights = nullptr;
    RolloutEngine* engine = nullptr;
    ActorMetrics* metrics = nullptr;
    Health* health = nullptr;
    const Clock* clock = nullptr;
  };
  explicit Actor(const Parts& parts);

  // Takes what arrived and draws a token of every row. When there is nothing to draw it waits for
  // something to arrive, for at most `patience`. An error is final: the process should end with it.
  Status RunOnce(Duration patience);

  // Asks for nothing more and hands back all prompts in hand; samples already emitted stay.
  void Drain();

  // For /status.
  StatusReport Report() const;

 private:
  struct Hand {  // a prompt in hand
    LeaseToken token;
    std::string route;
    Time received{};
  };
  struct Sent {  // an emit or settle whose answer is to come
    TaskId prompt;
    LeaseToken token;
  };
  struct View {  // for Report
    uint64_t version = 0;
    uint64_t evaluation_version = 0;
    int64_t rows = 0;
    int64_t prompts = 0;
    int64_t pending = 0;
    Time idle_since{};
    bool idle = false;
    bool draining = false;
    std::vector<Waiting> waiting;
    Time at{};
  };

  // Each returns whether something arrived.
  Result<bool> TakeEvents(Duration timeout);
  bool TakeWeights(Duration timeout);
  Status Handle(BrokerEvent event);
  void Handle(Delivery delivery);
  void Handle(const Answer& answer);
  void Handle(const LeaseLost& lost);
  void Handle(const SessionStarted& session);
  Status Step();
  void Send(Rollout rollout, bool last);
  void Fail(const TaskId& id, const LeaseToken& token, const std::string& reason);
  void Forget(const TaskId& id);
  void FailWhatWaitsInVain();
  void AskForPrompts();
  void UpdateView();

  const Parts parts_;
  std::map<TaskId, Hand> hands_;
  std::map<uint64_t, Sent> sent_;  // by tag
  uint64_t last_tag_ = 0;
  std::map<std::string, uint32_t> granted_;  // by queue
  bool draining_ = false;
  Time idle_since_{};
  Guarded<View> view_;
};

}  // namespace cohort
