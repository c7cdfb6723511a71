// cohort-reward-worker: scores rollouts. Wires configuration, telemetry, tokenizer and the broker;
// the work is in reward_worker.cc.
#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/logging.h"
#include "libs/base/shutdown.h"
#include "libs/config/endpoints.h"
#include "libs/config/program_options.h"
#include "libs/messaging/broker_client.h"
#include "libs/run/run_directory.h"
#include "libs/telemetry/process_telemetry.h"
#include "libs/tokenizer/tokenizer.h"
#include "reward_workers/reward_worker.h"

namespace cohort {
namespace {

constexpr char kProgram[] = "cohort-reward-worker";
// How soon SIGTERM is noticed when nothing else happens.
constexpr Duration kIdleStep = std::chrono::milliseconds(100);
constexpr Duration kDrainTimeout = std::chrono::seconds(5);
constexpr Duration kCloseTimeout = std::chrono::seconds(2);

Status StartLog(const ProgramOptions& options, const RunDirectory& directory) {
  LoggingOptions logging;
  logging.process = options.instance;
  logging.file = directory.logs() / (options.instance + ".jsonl");
  COHORT_ASSIGN_OR_RETURN(logging.level, ParseLogLevel(options.config.run.log_level));
  return StartLogging(logging);
}

Result<std::unique_ptr<ProcessTelemetry>> StartTelemetry(const ProgramOptions& options,
                                                         const RunDirectory& directory) {
  ProcessTelemetry::Options telemetry;
  telemetry.role = "reward-worker";
  telemetry.instance = options.instance;
  telemetry.address = options.config.telemetry.address;
  telemetry.port = TelemetryPort(options.config, options.instance);
  telemetry.run_directory = directory.path();
  return ProcessTelemetry::Start(telemetry);
}

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

Status Run(const ProgramOptions& options) {
  const Config& config = options.config;
  const Shutdown& shutdown = Shutdown::Install();
  const SystemClock clock;
  COHORT_ASSIGN_OR_RETURN(const RunDirectory directory,
                          RunDirectory::Prepare(config.run.directory));
  COHORT_RETURN_IF_ERROR(StartLog(options, directory));
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<ProcessTelemetry> telemetry,
                          StartTelemetry(options, directory));

  COHORT_ASSIGN_OR_RETURN(const Tokenizer tokenizer, Tokenizer::Load(config.model.path));
  TimerQueue timers;
  COHORT_ASSIGN_OR_RETURN(ScorePlans plans,
                          ScorePlans::Create(config, {.clock = &clock, .timers = &timers}));
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<BrokerClient> broker,
                          BrokerClient::Connect({.endpoint = config.BrokerEndpoint(),
                                                 .role = Role::kRewardWorker,
                                                 .instance = options.instance,
                                                 .clock = &clock}));

  RewardWorker::Options worker_options;
  worker_options.instance = options.instance;
  worker_options.tasks_in_flight = static_cast<uint32_t>(config.reward_worker.tasks_in_flight);
  for (const RouteConfig& route : config.routes) worker_options.routes.push_back(route.name);
  RewardMetrics metrics(&telemetry->metrics(), worker_options.routes);
  RewardWorker worker(worker_options, {.broker = broker.get(),
                                       .clock = &clock,
                                       .plans = &plans,
                                       .timers = &timers,
                                       .metrics = &metrics,
                                       .decode = [&tokenizer](std::span<const int32_t> tokens) {
                                         return tokenizer.Decode(tokens, /*skip_special=*/true);
                                       }});
  telemetry->health().SetStatus([&worker] { return worker.Report().ToJson(); });
  LogInfo("started", {{"broker", config.BrokerEndpoint()}});
  Status status = Work(worker, *broker, telemetry->health(), shutdown);
  if (status.ok()) {
    telemetry->SetDraining();
    status = DrainWork(worker, *broker, clock);
    LogInfo("drained");
  }
  telemetry->health().SetStatus({});
  return status;
}

int Main(int argc, char** argv) {
  const ProgramStart start = StartProgram(
      argc, argv,
      {kProgram, "Scores rollouts: takes them from the broker, settles them with their outcome.",
       "reward-worker-1"});
  if (!start.options) return start.exit_code;
  const Status status = Run(*start.options);
  if (status.ok()) return 0;
  LogError("the reward worker stops", {{"why", status}});
  return ReportFailure(kProgram, status);
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) { return cohort::Main(argc, argv); }
