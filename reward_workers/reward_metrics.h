// The numbers that a reward worker shows. Belongs to the worker's thread (scrapes are not: the
// handles are thread-safe).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/scoring/outcome.h"
#include "libs/telemetry/metrics.h"

namespace cohort {

class RewardMetrics {
 public:
  // `metrics` must outlive this.
  RewardMetrics(Metrics* metrics, const std::vector<std::string>& routes);

  // A scorer gave a verdict, `seconds` after it was asked.
  void Graded(const std::string& scorer, std::string_view outcome, double seconds);
  // A rollout got its outcome, `seconds` after it was taken.
  void Finished(const std::string& route, OutcomeReason reason, double seconds);
  // A rollout was taken, `seconds` after its last token was drawn (by the clocks of two processes).
  void Taken(const std::string& route, double seconds);
  void SetInFlight(const std::string& route, size_t tasks);
  // A delivery that is no rollout of ours was failed: "undecodable", "wrong_task".
  void Refused(const std::string& reason);
  // A rollout left without an outcome of ours: "released", "lease_lost", "broker_restarted",
  // "late" (the broker refused the answer), "too_large".
  void Left(const std::string& how, size_t tasks = 1);
  // A plug-in met trouble: "restart", "timeout", "crash", "memory", "nonsense", "error", "canary",
  // "unasked", "changed", "cancelled", "retry", "rate_limited".
  void Plugin(const std::string& scorer, const std::string& what);
  // A verdict was asked of the cache.
  void Cached(const std::string& scorer, bool hit);
  // An answer of a scorer that nobody waited for.
  void Dropped();
  // The thread worked from `begin` to `end`. The ratio is over windows of a few seconds.
  void Busy(Time begin, Time end);

 private:
  struct Route {
    Histogram* seconds;
    Histogram* wait;
    Gauge* in_flight;
    Gauge* masked_ratio;
    double finished = 0;
    double masked = 0;
  };
  Route& OfRoute(const std::string& route);

  Metrics* metrics_;
  std::map<std::string, Route> routes_;
  std::map<std::pair<std::string, std::string>, Counter*> graded_;
  std::map<std::string, Histogram*> scorer_seconds_;
  std::map<std::pair<std::string, OutcomeReason>, Counter*> outcomes_;
  std::map<std::pair<std::string, std::string>, Counter*> plugins_;
  std::map<std::pair<std::string, bool>, Counter*> cached_;
  Counter* busy_seconds_;
  Gauge* busy_ratio_;
  Counter* dropped_;
  Time window_begin_{};
  Duration window_busy_{};
};

}  // namespace cohort
