// cohort-broker: the queues of a run, in a process of their own.
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "broker/metrics.h"
#include "broker/server.h"
#include "libs/base/logging.h"
#include "libs/base/shutdown.h"
#include "libs/config/program_options.h"
#include "libs/telemetry/process_telemetry.h"

namespace cohort {
namespace {

constexpr char kName[] = "cohort-broker";

// --endpoint X is short for --broker.endpoint=X.
std::vector<std::string> WithEndpointOverride(int argc, char** argv) {
  std::vector<std::string> words;
  constexpr std::string_view kEndpoint = "--endpoint";
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == kEndpoint && i + 1 < argc) {
      words.push_back("--broker.endpoint=" + std::string(argv[++i]));
    } else if (word.substr(0, kEndpoint.size() + 1) == "--endpoint=") {
      words.push_back("--broker.endpoint=" + std::string(word.substr(kEndpoint.size() + 1)));
    } else {
      words.emplace_back(word);
    }
  }
  return words;
}

MachineConfig MachineConfigOf(const BrokerConfig& config) {
  MachineConfig machine;
  machine.epoch = 0;  // made at the start
  machine.lease = Seconds(config.lease_seconds);
  machine.session_grace = Seconds(config.session_grace_seconds);
  machine.silence = std::max(Seconds(2), 2 * machine.session_grace);
  machine.restart_grace = Seconds(config.restart_grace_seconds);
  machine.max_attempts = static_cast<uint32_t>(config.max_attempts);
  machine.retry_delay = Seconds(config.retry_delay_seconds);
  machine.queue_tasks = static_cast<uint64_t>(config.queue_tasks);
  machine.queue_bytes = static_cast<uint64_t>(config.queue_bytes);
  machine.held_tasks = static_cast<uint64_t>(config.held_tasks);
  machine.held_bytes = 2 * machine.queue_bytes;
  machine.dead_bytes = machine.queue_bytes / 16;
  return machine;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> words = WithEndpointOverride(argc, argv);
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  const ProgramStart start = StartProgram(
      static_cast<int>(pointers.size()), pointers.data(),
      {.name = kName,
       .purpose = "The queues of a run. Tasks live in memory: after a restart the queues are empty "
                  "and the learner issues its pending prompts again. --endpoint X is short for "
                  "--broker.endpoint=X.",
       .default_instance = "broker"});
  if (!start.options.has_value()) return start.exit_code;
  const Config& config = start.options->config;

  const Result<LogLevel> level = ParseLogLevel(config.run.log_level);
  if (!level.ok()) return ReportFailure(kName, level.status());
  const Status logging =
      StartLogging({.process = start.options->instance,
                    .file = config.run.directory + "/logs/" + start.options->instance + ".jsonl",
                    .level = *level,
                    .stderr_level = *level});
  if (!logging.ok()) return ReportFailure(kName, logging);
  Shutdown& shutdown = Shutdown::Install();

  auto server = BrokerServer::Bind({.endpoint = config.BrokerEndpoint(),
                                    .weights_endpoint = config.WeightsEndpoint(),
                                    .machine = MachineConfigOf(config.broker),
                                    .max_message_bytes = config.broker.max_message_bytes});
  if (!server.ok()) return ReportFailure(kName, server.status());
  auto telemetry = ProcessTelemetry::Start({.role = "broker",
                                            .instance = start.options->instance,
                                            .address = config.telemetry.address,
                                            .port = config.telemetry.port,
                                            .run_directory = config.run.directory});
  if (!telemetry.ok()) return ReportFailure(kName, telemetry.status());
  BrokerServer& broker = **server;
  BrokerMetrics metrics(&(*telemetry)->metrics());
  (*telemetry)->metrics().OnScrape([&] { metrics.Update(broker.snapshot()); });
  (*telemetry)->health().SetStatus([&] {
    return BrokerStatus(broker.snapshot(), config.BrokerEndpoint()).ToJson();
  });
  (*telemetry)->health().SetReady(true);
  LogInfo("serving", {{"endpoint", config.BrokerEndpoint()},
                      {"telemetry", (*telemetry)->server().url()},
                      {"epoch", broker.epoch()}});

  std::thread serving([&] { broker.Run(); });
  while (!shutdown.WaitFor(Seconds(3600))) {
  }
  (*telemetry)->SetDraining();
  LogInfo("stopping");
  broker.Stop();
  serving.join();
  telemetry->reset();  // before what its pages show
  LogInfo("stopped");
  return 0;
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) { return cohort::Main(argc, argv); }
