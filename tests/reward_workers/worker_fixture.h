// A reward worker on a bench: fake broker, manual clock, a tokenizer of one letter a token.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/protocol/codec.h"
#include "libs/telemetry/metrics.h"
#include "reward_workers/reward_worker.h"
#include "tests/reward_workers/fake_broker.h"

namespace cohort {

class WorkerBench : public ::testing::Test {
 protected:
  static constexpr int32_t kStop = 0;

  // Routes "fast" (number, gated by a clean stop) and "slow" (the same, ten seconds later).
  WorkerBench() {
    ScorerConfig stop;
    stop.name = "clean_stop";
    stop.kind = "clean_stop";
    stop.weight = 0;
    ScorerConfig number;
    number.name = "number";
    number.kind = "numeric";
    number.passes = true;
    ScorerConfig slow = number;
    slow.name = "slow_number";
    slow.requires_ = {"clean_stop"};
    slow.delay_seconds = 10;
    slow.delay_jitter_seconds = 5;
    config_.scorers = {stop, number, slow};
    RouteConfig fast_route;
    fast_route.name = "fast";
    fast_route.scorers = {"clean_stop", "number"};
    RouteConfig slow_route;
    slow_route.name = "slow";
    slow_route.scorers = {"clean_stop", "slow_number"};
    config_.routes = {fast_route, slow_route};
    MakeWorker(/*tasks_in_flight=*/4000);
  }

  void MakeWorker(uint32_t tasks_in_flight) {
    worker_.reset();
    plans_.reset();
    Result<ScorePlans> plans = ScorePlans::Create(config_, {.clock = &clock_, .timers = &timers_});
    ASSERT_TRUE(plans.ok()) << plans.status().ToString();
    plans_ = std::make_unique<ScorePlans>(*std::move(plans));
    RewardWorker::Options options;
    options.instance = "reward-worker-1";
    options.routes = {"fast", "slow"};
    options.tasks_in_flight = tasks_in_flight;
    options.places = places_;
    registry_ = std::make_unique<Metrics>();
    metrics_ = std::make_unique<RewardMetrics>(registry_.get(), options.routes);
    worker_ = std::make_unique<RewardWorker>(
        options, RewardWorker::Parts{.broker = &broker_,
                                     .clock = &clock_,
                                     .plans = plans_.get(),
                                     .timers = &timers_,
                                     .metrics = metrics_.get(),
                                     .decode = [](std::span<const int32_t> tokens) {
                                       std::string text;
                                       for (const int32_t token : tokens) {
                                         if (token != kStop) text += static_cast<char>(token);
                                       }
                                       return text;
                                     }});
    worker_->Start();
  }

  // A completion of `text`, which stops by itself.
  static Rollout MakeRollout(const std::string& route, uint64_t cursor, const std::string& text,
                             const std::string& gold) {
    Rollout rollout;
    Prompt& prompt = rollout.prompt;
    prompt.id = {7, TrainingSpace(0), cursor, 0};
    prompt.route = route;
    prompt.tokens = {'?'};
    prompt.sampling.max_new_tokens = 1000;
    prompt.sampling.stop_tokens = {kStop};
    prompt.scorers = {"clean_stop", route == "slow" ? "slow_number" : "number"};
    prompt.truth = gold;
    for (const char c : text) rollout.tokens.push_back(static_cast<unsigned char>(c));
    rollout.tokens.push_back(kStop);
    rollout.logprobs.assign(rollout.tokens.size(), -1.0f);
    rollout.versions = {{1, static_cast<uint32_t>(rollout.tokens.size())}};
    rollout.finished_at = 1.7e9;
    return rollout;
  }

  static Rollout CutOff(Rollout rollout) {
    rollout.tokens.back() = '!';
    rollout.finish = FinishReason::kLength;
    return rollout;
  }

  LeaseToken Deliver(const Rollout& rollout) {
    return Deliver(RolloutQueue(rollout.prompt.route), rollout.id(), Encode(rollout));
  }
  LeaseToken Deliver(const std::string& queue, const TaskId& id, std::string body) {
    Delivery delivery;
    delivery.queue = queue;
    delivery.id = id;
    delivery.token = {1, ++leases_, 1};
    delivery.body = std::move(body);
    const LeaseToken token = delivery.token;
    broker_.events.push_back(std::move(delivery));
    return token;
  }

  // Steps until the worker has nothing to handle.
  Status Run() {
    Status status;
    do {
      status = worker_->Step(Duration::zero());
    } while (!broker_.events.empty());
    return status;
  }

  // What the worker settled as its nth.
  Scored ScoredAt(size_t nth) const {
    EXPECT_LT(nth, broker_.settled.size());
    EXPECT_EQ(broker_.settled[nth].children.size(), 1u);
    const Result<Scored> scored = DecodeScored(broker_.settled[nth].children[0].body);
    EXPECT_TRUE(scored.ok()) << scored.status().ToString();
    return *scored;
  }

  bool MetricsSay(const std::string& line) const {
    return registry_->Text().find(line + "\n") != std::string::npos;
  }

  Config config_;
  std::map<std::string, size_t> places_;  // for MakeWorker
  ManualClock clock_;
  TimerQueue timers_;
  FakeBroker broker_;
  std::unique_ptr<Metrics> registry_;
  std::unique_ptr<RewardMetrics> metrics_;
  std::unique_ptr<ScorePlans> plans_;
  std::unique_ptr<RewardWorker> worker_;
  uint64_t leases_ = 0;
};

}  // namespace cohort
