// Drives a queue machine by hand: sessions by number, time moved by the test.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/machine/queue_machine.h"

namespace cohort {

class MachineDriver {
 public:
  static MachineConfig Config() {
    MachineConfig config;
    config.epoch = 100;
    config.restart_grace = Duration(0);
    config.retry_delay = Seconds(1);
    return config;
  }
  explicit MachineDriver(MachineConfig config = Config())
      : now_(Seconds(1000)), machine(config, now_) {}

  Result<QueueMachine::HelloAnswer> Hello(SessionId session, const std::string& instance = "",
                                          std::vector<LeaseToken> held = {},
                                          Role role = Role::kActor) {
    HelloMessage hello;
    hello.role = role;
    hello.instance = instance.empty() ? "worker-" + std::to_string(session) : instance;
    hello.held = std::move(held);
    auto answer = machine.Hello(now_, session, hello, effects_);
    Sort();
    return answer;
  }
  void Goodbye(SessionId session) {
    machine.Goodbye(now_, session, effects_);
    Sort();
  }
  void Disconnect(SessionId session) {
    machine.ConnectionLost(now_, session, effects_);
    Sort();
  }
  // The command's number.
  uint64_t Do(SessionId session, Verb verb) {
    const uint64_t number = ++numbers_[session];
    machine.Apply(now_, session, {number, std::move(verb)}, effects_);
    Sort();
    return number;
  }
  // As in one message: what they lead to is delivered when all are taken.
  void DoTogether(SessionId session, std::vector<Verb> verbs) {
    for (Verb& verb : verbs) {
      machine.Take(now_, session, {++numbers_[session], std::move(verb)}, effects_);
    }
    Step(Duration(0));
  }
  // In steps short enough not to be a gap.
  void Advance(Duration by) {
    const Duration step = machine.config().tick_gap / 2;
    for (; by > step; by -= step) Step(step);
    Step(by);
  }
  // In one step; connected sessions say nothing meanwhile.
  void Step(Duration by) {
    now_ += by;
    machine.Tick(now_, /*drained=*/true, effects_);
    Sort();
  }
  // Advance, while these sessions are alive and renew what they hold.
  void AdvanceAlive(Duration by, const std::vector<SessionId>& alive) {
    for (; by > Duration(0); by -= Seconds(1)) {
      for (SessionId session : alive) machine.Heard(now_, session);
      Step(std::min(by, Seconds(1)));
    }
  }

  AnswerEvent Answer(SessionId session, uint64_t number) {
    auto& answers = answers_[session];
    const auto found = answers.find(number);
    if (found == answers.end()) {
      ADD_FAILURE() << "no answer to " << number;
      return {};
    }
    return found->second;
  }
  bool Answered(SessionId session, uint64_t number) const {
    const auto found = answers_.find(session);
    return found != answers_.end() && found->second.contains(number);
  }
  Status StatusOf(SessionId session, Verb verb) {
    return Answer(session, Do(session, std::move(verb))).status;
  }
  std::vector<DeliverEvent> Deliveries(SessionId session) {
    return std::exchange(deliveries_[session], {});
  }
  // Exactly one is expected.
  DeliverEvent Delivered(SessionId session) {
    auto deliveries = Deliveries(session);
    EXPECT_EQ(deliveries.size(), 1u);
    return deliveries.empty() ? DeliverEvent{} : deliveries[0];
  }
  std::vector<LeaseLostEvent> Lost(SessionId session) { return std::exchange(lost_[session], {}); }
  // What an operator's verb did; the test fails when it was refused.
  OperatorReport Operate(SessionId session, Verb verb) {
    const auto found = operated_.find({session, Do(session, std::move(verb))});
    if (found != operated_.end()) return found->second;
    ADD_FAILURE() << "refused";
    return {};
  }
  std::vector<HeldBackEvent> HeldBack(SessionId session) {
    return std::exchange(held_back_[session], {});
  }
  std::vector<SessionEnded> Ended() { return std::exchange(ended_, {}); }

  // Subscribes with plenty of credit, or as much as is said.
  void Consume(SessionId session, const std::string& queue, uint64_t tasks = 1'000'000,
               uint64_t bytes = uint64_t{1} << 40) {
    Do(session, SubscribeCommand{queue});
    Do(session, CreditCommand{queue, tasks, bytes});
  }
  QueueSnapshot Queue(const std::string& name) const {
    for (const QueueSnapshot& queue : machine.Snapshot(now_).queues) {
      if (queue.stats.name == name) return queue;
    }
    return {};
  }
  QueueStats Stats(const std::string& name) const { return Queue(name).stats; }
  Time now() const { return now_; }

  static TaskId Id(uint64_t cursor, uint32_t index = 0) { return {7, 1, cursor, index}; }
  static TaskSpec Spec(const std::string& queue, TaskId id, size_t bytes = 10) {
    TaskSpec spec;
    spec.queue = queue;
    spec.id = id;
    spec.body = Body::Own(std::string(bytes, 'b'));
    return spec;
  }
  // A prompt with results and obituaries.
  static TaskSpec Prompt(uint64_t cursor) {
    TaskSpec spec = Spec("prompts", Id(cursor));
    spec.results = "rollouts";
    spec.obituaries = "scored";
    return spec;
  }

 private:
  void Sort() {
    for (Effect& effect : effects_.events) {
      if (auto* answer = std::get_if<AnswerEvent>(&effect.event)) {
        answers_[effect.session][answer->number] = *answer;
      } else if (auto* deliver = std::get_if<DeliverEvent>(&effect.event)) {
        deliveries_[effect.session].push_back(*deliver);
      } else if (auto* lost = std::get_if<LeaseLostEvent>(&effect.event)) {
        lost_[effect.session].push_back(*lost);
      } else if (auto* operated = std::get_if<OperatedEvent>(&effect.event)) {
        operated_[{effect.session, operated->number}] = operated->report;
      } else if (auto* held = std::get_if<HeldBackEvent>(&effect.event)) {
        held_back_[effect.session].push_back(*held);
      }
    }
    for (const SessionEnded& ended : effects_.ended) ended_.push_back(ended);
    effects_.Clear();
  }

  Time now_;

 public:
  QueueMachine machine;

 private:
  Effects effects_;
  std::map<SessionId, uint64_t> numbers_;
  std::map<SessionId, std::map<uint64_t, AnswerEvent>> answers_;
  std::map<SessionId, std::vector<DeliverEvent>> deliveries_;
  std::map<SessionId, std::vector<LeaseLostEvent>> lost_;
  std::map<std::pair<SessionId, uint64_t>, OperatorReport> operated_;
  std::map<SessionId, std::vector<HeldBackEvent>> held_back_;
  std::vector<SessionEnded> ended_;
};

}  // namespace cohort
