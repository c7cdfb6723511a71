// The broker in numbers and in words: Prometheus metrics and the /status page, each from one
// snapshot of the server. Call Update from one thread at a time (Metrics::OnScrape).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "broker/server.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/status_report.h"

namespace cohort {

class BrokerMetrics {
 public:
  explicit BrokerMetrics(Metrics* metrics);
  void Update(const ServerSnapshot& snapshot);

 private:
  struct QueueSeries;
  QueueSeries& Series(const std::string& queue);
  void UpdateQueue(const QueueSnapshot& queue);

  Metrics& metrics_;
  std::map<std::string, std::shared_ptr<QueueSeries>> queues_;
};

StatusReport BrokerStatus(const ServerSnapshot& snapshot, const std::string& endpoint);

}  // namespace cohort
