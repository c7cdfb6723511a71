// The learner's numbers for Prometheus and its /status. Updated by the learner's thread, read by
// scrapes: the ledger is exported from one snapshot, so that it balances at every scrape.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "learner/batch.h"
#include "learner/evaluator.h"
#include "learner/ledger.h"
#include "learner/train_batch.h"
#include "libs/base/clock.h"
#include "libs/base/guarded.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/status_report.h"
#include "libs/weights/publisher.h"

namespace cohort {

class LearnerMetrics {
 public:
  LearnerMetrics(Metrics* metrics, std::vector<std::string> routes);

  void Version(uint64_t version);
  void SftStep(const StepStats& stats, double seconds);
  void GrpoStep(const StepStats& stats, const BatchFigures& figures,
                const std::vector<GroupSignal>& signals, double seconds, double now_seconds);
  void Evaluation(const EvaluationResult& result);
  // Part of the wait for groups in which puts were not confirmed, or the broker was away.
  void WaitedForBroker(double seconds);
  void Waited(const std::string& for_what, double seconds);
  void Checkpoint(double seconds);
  void Held(uint64_t tasks);
  void RefusedSamples(uint64_t total);
  // The age of a group of which something was judged, at its end.
  void GroupEnded(const std::string& route, const AgeParts& age, uint64_t publications);
  // Taken whole: what the next scrape shows.
  void SetLedger(const Ledger& ledger);
  // Actors, as the publisher sees them.
  void SetActors(const std::vector<ActorState>& actors);

  void SetStatus(StatusReport status);
  // For /status, with the waiting times counted up to now.
  std::string StatusJson() const;

 private:
  struct LedgerCounts {
    std::vector<std::map<std::string, uint64_t>> by_route;
  };
  void RefreshLedger();
  Histogram& StepSeconds(const std::string& phase);

  Metrics* const metrics_;
  const std::vector<std::string> routes_;
  Guarded<LedgerCounts> ledger_;
  Guarded<StatusReport> status_;
};

}  // namespace cohort
