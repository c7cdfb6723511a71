#include "broker/program.h"

#include <sys/resource.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "broker/metrics.h"
#include "libs/base/logging.h"
#include "libs/messaging/keys.h"
#include "libs/process/process.h"

namespace cohort {
namespace {

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
  machine.held_bytes = static_cast<uint64_t>(config.held_bytes);
  machine.remembered_ids = static_cast<uint64_t>(config.remembered_ids);
  machine.durable = config.durability == "disk";
  machine.memory_queues = config.memory_queues;
  machine.dead_bytes = machine.queue_bytes / 16;
  return machine;
}

ConnectionGuard::Limits GuardLimitsOf(const SecurityConfig& config) {
  ConnectionGuard::Limits limits;
  limits.hello_deadline = Seconds(config.hello_seconds);
  limits.unfinished_bytes = static_cast<uint64_t>(config.unfinished_bytes);
  limits.pending = static_cast<size_t>(config.pending_connections);
  return limits;
}

// Each I/O thread is woken by itself, which costs small bodies more than it brings them; what is
// encrypted, or waits for no disk, keeps two busy.
int IoThreads(const BrokerConfig& config, bool encrypted) {
  if (config.io_threads > 0) return static_cast<int>(config.io_threads);
  const bool all_wait = config.durability == "disk" && config.memory_queues.empty();
  return all_wait && !encrypted ? 1 : 2;
}

// Each client holds a descriptor: as many as the system grants.
void RaiseDescriptorLimit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

Status Run(Process& process, const std::function<void(BrokerServer::Options&)>& adjust) {
  RaiseDescriptorLimit();
  const Config& config = process.config;
  const SecurityConfig& security = config.security;
  COHORT_ASSIGN_OR_RETURN(
      const std::optional<CurveServer> keys,
      LoadServerKeys(security.keys, "broker", process.instance, security.allowed));
  BrokerServer::Options options{.endpoint = config.BrokerEndpoint(),
                                .weights_endpoint = config.WeightsEndpoint(),
                                .machine = MachineConfigOf(config.broker),
                                .journal_directory = config.JournalDirectory(),
                                .segment_bytes = static_cast<uint64_t>(config.broker.segment_bytes),
                                .max_message_bytes = config.broker.max_message_bytes,
                                .io_threads = IoThreads(config.broker, keys.has_value()),
                                .keys = keys,
                                .connections = GuardLimitsOf(security)};
  if (adjust) adjust(options);
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<BrokerServer> broker, BrokerServer::Bind(options));
  Metrics& page = process.telemetry.metrics();
  BrokerMetrics metrics(&page);
  page.OnScrape([&] { metrics.Update(broker->snapshot()); });
  const TelemetryScope shown(&process.telemetry);
  Health& health = process.telemetry.health();
  health.SetStatus(
      [&] { return BrokerStatus(broker->snapshot(), config.BrokerEndpoint()).ToJson(); });
  health.SetReady(true);
  LogInfo("serving", {{"endpoint", config.BrokerEndpoint()},
                      {"telemetry", process.telemetry.server().url()},
                      {"epoch", broker->epoch()}});

  std::thread serving([&] { broker->Run(); });
  while (!process.shutdown.WaitFor(Seconds(3600))) {
  }
  process.telemetry.SetDraining();
  LogInfo("stopping");
  broker->Stop();
  serving.join();
  LogInfo("stopped");
  return {};
}

}  // namespace

int BrokerMain(int argc, char** argv, const std::function<void(BrokerServer::Options&)>& adjust) {
  const std::vector<std::string> words = WithEndpointOverride(argc, argv);
  std::vector<const char*> pointers;
  for (const std::string& word : words) pointers.push_back(word.c_str());
  return RunProcess(
      static_cast<int>(pointers.size()), pointers.data(),
      {.name = "cohort-broker",
       .purpose =
           "The queues of a run. A task of a `disk` queue (broker.durability, the default) is "
           "confirmed once it is synced to the journal and survives any crash; a `memory` "
           "queue is empty after a restart, and the learner issues its pending prompts "
           "again. --endpoint X is short for --broker.endpoint=X.",
       .default_instance = "broker"},
      "broker", [&adjust](Process& process) { return Run(process, adjust); });
}

}  // namespace cohort
