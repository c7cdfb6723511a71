// A broker that a test plays: events go in by hand, what the worker asked for comes out.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/messaging/broker_client.h"

namespace cohort {

class FakeBroker : public BrokerClient {
 public:
  struct Settled {
    LeaseToken token;
    std::vector<NewTask> children;
    uint64_t tag = 0;
  };

  // What the worker sees next.
  std::deque<BrokerEvent> events;

  // What it asked for.
  std::vector<std::string> subscribed;
  std::map<std::string, uint32_t> credit;  // tasks by queue, as last granted
  std::vector<LeaseToken> begun;
  std::map<LeaseToken, Duration> limits;
  std::vector<std::pair<LeaseToken, std::string>> phases;
  std::vector<Settled> settled;
  std::vector<LeaseToken> released;
  std::vector<std::pair<LeaseToken, std::string>> failed;
  std::vector<Duration> waits;  // timeouts of Next
  std::string state = "connected";

  // Answers the settles that were not answered yet.
  void AnswerSettles(const Status& status = {}) {
    for (; answered_ < settled.size(); ++answered_) {
      events.push_back(Answer{settled[answered_].tag, status, false});
    }
  }

  std::optional<BrokerEvent> Next(Duration timeout) override {
    waits.push_back(timeout);
    if (events.empty()) return std::nullopt;
    BrokerEvent event = std::move(events.front());
    events.pop_front();
    return event;
  }
  void Put(NewTask task, uint64_t tag) override {}
  void Floor(const std::string& queue, uint64_t run, uint64_t space, uint64_t cursor) override {}
  void Cancel(uint64_t run, uint64_t space, uint64_t first, uint64_t last, uint64_t tag) override {}
  void Subscribe(const std::string& queue) override { subscribed.push_back(queue); }
  void Grant(const std::string& queue, uint32_t tasks, uint64_t bytes) override {
    credit[queue] = tasks;
  }
  void Begin(const LeaseToken& token) override { begun.push_back(token); }
  void SetLimit(const LeaseToken& token, Duration limit) override { limits[token] = limit; }
  void SetPhase(const LeaseToken& token, std::string phase) override {
    phases.emplace_back(token, std::move(phase));
  }
  void Emit(const LeaseToken& token, std::vector<NewTask> children, uint64_t tag) override {}
  void Settle(const LeaseToken& token, std::vector<NewTask> children, uint64_t tag) override {
    settled.push_back({token, std::move(children), tag});
  }
  void Accept(const LeaseToken& token) override {}
  void Release(const LeaseToken& token) override { released.push_back(token); }
  void Fail(const LeaseToken& token, std::string reason) override {
    failed.emplace_back(token, std::move(reason));
  }
  Result<std::vector<QueueStats>> Stats(Duration timeout) override {
    return Unavailable("this broker is a fake");
  }
  std::string State() const override { return state; }
  void Close(Duration timeout) override {}

 private:
  size_t answered_ = 0;
};

}  // namespace cohort
