// Everything that a process needs in order to be watched, wired: metrics that all processes have,
// health, the server, and the file that tells `cohort status` where to ask.
//
//   auto telemetry = ProcessTelemetry::Start({.role = "actor", .instance = "actor-1", …});
//   telemetry->metrics().AddCounter(…);  telemetry->health().SetReady(true);
//   … SIGTERM …  telemetry->SetDraining();
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/telemetry/health.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/telemetry_server.h"

namespace cohort {

// cohort_build_info, cohort_draining, process_start_time_seconds, process_cpu_seconds_total,
// process_resident_memory_bytes, process_open_fds. Returns the draining gauge.
Gauge& AddStandardMetrics(Metrics& metrics, const std::string& role, const std::string& instance);

// A process of a run that can be asked: `<run>/endpoints/<instance>.json`.
struct ProcessEndpoint {
  std::string instance;
  std::string role;
  int64_t pid = 0;
  std::string telemetry;  // "http://127.0.0.1:41234"
};
Status WriteProcessEndpoint(const std::filesystem::path& directory,
                            const ProcessEndpoint& endpoint);
// In order of instance. Files that cannot be read are passed over and named in `problems`.
std::vector<ProcessEndpoint> ReadProcessEndpoints(const std::filesystem::path& directory,
                                                  std::vector<std::string>* problems);

class ProcessTelemetry {
 public:
  struct Options {
    std::string role;      // "broker", "actor", "reward-worker", "learner"
    std::string instance;  // "actor-1": a plain file name
    std::string address = "127.0.0.1";
    int64_t port = 0;                          // 0: any free one
    std::filesystem::path run_directory = {};  // empty: no endpoint file
  };
  static Result<std::unique_ptr<ProcessTelemetry>> Start(const Options& options);
  ~ProcessTelemetry();

  Metrics& metrics() { return metrics_; }
  Health& health() { return health_; }
  const TelemetryServer& server() const { return *server_; }
  // Not ready any more, and cohort_draining is 1.
  void SetDraining();
  // Ends the server and takes the endpoint file away (a process that was killed leaves it, and is
  // named as silent). What its pages show may go away afterwards. Once is enough.
  void Stop();

 private:
  explicit ProcessTelemetry(Options options);
  const Options options_;
  Metrics metrics_;
  Health health_;
  Gauge* draining_;
  std::unique_ptr<TelemetryServer> server_;  // last: stops before what it shows goes away
};

// Stops the telemetry at the end of a scope: declared after what its pages show.
class TelemetryScope {
 public:
  explicit TelemetryScope(ProcessTelemetry* telemetry) : telemetry_(telemetry) {}
  ~TelemetryScope() { telemetry_->Stop(); }
  TelemetryScope(const TelemetryScope&) = delete;
  TelemetryScope& operator=(const TelemetryScope&) = delete;

 private:
  ProcessTelemetry* const telemetry_;
};

}  // namespace cohort
