// The HTTP server of every process: /metrics, /healthz, /readyz, /status.
//
//   /metrics  Prometheus text        /readyz  200 "ready", or 503 with the reason
//   /healthz  200 while it answers   /status  JSON: who waits for what, since when, for which id
//
// Has a few threads of its own. Metrics and Health must outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "libs/base/status.h"
#include "libs/telemetry/health.h"
#include "libs/telemetry/metrics.h"

namespace cohort {

class TelemetryServer {
 public:
  // Port 0 takes any free one. Fails in one line when the port is in use or the address is not of
  // this machine.
  static Result<std::unique_ptr<TelemetryServer>> Start(const std::string& address, int64_t port,
                                                        Metrics* metrics, const Health* health);
  ~TelemetryServer();
  int port() const { return port_; }
  std::string url() const { return url_; }  // "http://127.0.0.1:41234"

 private:
  struct State;
  TelemetryServer(std::unique_ptr<State> state, int port, std::string url);
  std::unique_ptr<State> state_;
  int port_;
  std::string url_;
};

}  // namespace cohort
