// What an actor shows: figures for Prometheus, and who waits for what. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/guarded.h"
#include "libs/protocol/types.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/status_report.h"

namespace cohort {

class ActorMetrics {
 public:
  explicit ActorMetrics(Metrics* metrics);

  void CountRollout(const Rollout& rollout);

  Counter& tokens;
  Counter& prefill_tokens;
  Counter& steps;
  Counter& busy_seconds;
  Counter& mixed_rollouts;
  Counter& prompts_settled;
  Counter& prompts_released;
  Counter& prompts_failed;
  Counter& prompts_lost;
  Gauge& version;
  Gauge& evaluation_version;
  Gauge& rows;
  Gauge& pending_samples;
  Gauge& waiting_prompts;
  Counter& weight_updates;
  Counter& weight_bytes;
  Counter& weight_failures;
  Histogram& weight_update_seconds;

 private:
  Counter& stopped_;
  Counter& truncated_;
  Histogram& generate_seconds_;
  Histogram& completion_tokens_;
};

}  // namespace cohort
