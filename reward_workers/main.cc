// cohort-reward-worker: scores rollouts. Wires configuration, telemetry, tokenizer and the broker;
// the work is in reward_worker.cc.
#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/logging.h"
#include "libs/messaging/broker_client.h"
#include "libs/messaging/keys.h"
#include "libs/process/process.h"
#include "libs/tokenizer/tokenizer.h"
#include "reward_workers/mailbox.h"
#include "reward_workers/plugins/supervisor.h"
#include "reward_workers/reward_worker.h"
#include "reward_workers/verdict_cache.h"

namespace cohort {
namespace {

// How soon SIGTERM is noticed when nothing else happens.
constexpr Duration kIdleStep = std::chrono::milliseconds(100);
constexpr Duration kDrainTimeout = std::chrono::seconds(5);
constexpr Duration kCloseTimeout = std::chrono::seconds(2);

// Until SIGTERM, or until the broker refuses this worker.
Status Work(RewardWorker& worker, BrokerClient& broker, Health& health, const Shutdown& shutdown) {
  worker.Start();
  while (!shutdown.requested()) {
    COHORT_RETURN_IF_ERROR(worker.Step(kIdleStep));
    const std::string state = broker.State();
    health.SetReady(state == "connected", state);
  }
  return {};
}

Status DrainWork(RewardWorker& worker, BrokerClient& broker, const Clock& clock) {
  worker.Drain();
  const Time deadline = clock.Now() + kDrainTimeout;
  while (!worker.drained() && clock.Now() < deadline) {
    COHORT_RETURN_IF_ERROR(worker.Step(kIdleStep));
  }
  broker.Close(kCloseTimeout);
  return {};
}

Status Run(Process& process) {
  const Config& config = process.config;
  COHORT_ASSIGN_OR_RETURN(const Tokenizer tokenizer, Tokenizer::Load(config.model.path));
  COHORT_ASSIGN_OR_RETURN(
      const std::optional<CurveClient> keys,
      LoadClientKeys(config.security.keys, "reward_worker", process.instance, "broker"));
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<BrokerClient> broker,
                          BrokerClient::Connect({.endpoint = config.BrokerEndpoint(),
                                                 .role = Role::kRewardWorker,
                                                 .instance = process.instance,
                                                 .clock = &process.clock,
                                                 .keys = keys}));

  const auto decode = [&tokenizer](std::span<const int32_t> tokens) {
    return tokenizer.Decode(tokens, /*skip_special=*/true);
  };
  RewardWorker::Options worker_options;
  worker_options.instance = process.instance;
  worker_options.tasks_in_flight = static_cast<uint32_t>(config.reward_worker.tasks_in_flight);
  for (const RouteConfig& route : config.routes) worker_options.routes.push_back(route.name);
  RewardMetrics metrics(&process.telemetry.metrics(), worker_options.routes);
  TimerQueue timers;
  Mailbox mailbox([&broker] { broker->Wake(); });
  VerdictCache verdicts(
      static_cast<size_t>(config.reward_worker.cache_entries),
      [&metrics](const std::string& scorer, bool hit) { metrics.Cached(scorer, hit); });
  Supervisor supervisor(&process.clock);
  COHORT_ASSIGN_OR_RETURN(
      ScorePlans plans,
      ScorePlans::Create(
          config, {.clock = &process.clock,
                   .timers = &timers,
                   .supervisor = &supervisor,
                   .mailbox = &mailbox,
                   .decode = decode,
                   .tell = [&metrics](const std::string& scorer,
                                      const std::string& what) { metrics.Plugin(scorer, what); },
                   .verdicts = &verdicts}));
  for (const RouteConfig& route : config.routes) {
    COHORT_ASSIGN_OR_RETURN(const auto plan, plans.Find(route.scorers));
    worker_options.places[route.name] = plan->places;
  }
  // Evaluations come along the first route.
  if (!config.evaluation.scorers.empty() && !config.routes.empty()) {
    COHORT_ASSIGN_OR_RETURN(const auto plan, plans.Find(config.evaluation.scorers));
    size_t& places = worker_options.places[config.routes.front().name];
    places = std::max(places, plan->places);
  }
  RewardWorker worker(worker_options, {.broker = broker.get(),
                                       .clock = &process.clock,
                                       .plans = &plans,
                                       .timers = &timers,
                                       .metrics = &metrics,
                                       .mailbox = &mailbox,
                                       .decode = decode});
  const TelemetryScope shown(&process.telemetry);
  process.telemetry.health().SetStatus([&worker] { return worker.Report().ToJson(); });
  LogInfo("started", {{"broker", config.BrokerEndpoint()}});
  Status status = Work(worker, *broker, process.telemetry.health(), process.shutdown);
  if (status.ok()) {
    process.telemetry.SetDraining();
    status = DrainWork(worker, *broker, process.clock);
    LogInfo("drained");
  }
  return status;
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) {
  return cohort::RunProcess(
      argc, argv,
      {"cohort-reward-worker",
       "Scores rollouts: takes them from the broker, settles them with their outcome.",
       "reward-worker-1"},
      "reward-worker", cohort::Run);
}
