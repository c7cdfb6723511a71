// Evaluation alone (`cohort eval`): publish, evaluate once, report.
#include "learner/fleet_link.h"
#include "learner/session.h"
#include "libs/base/logging.h"

namespace cohort {
namespace {

constexpr Duration kPoll = Seconds(0.05);

}  // namespace

Status RunEvalStage(LearnerSession& session, Trainer& trainer) {
  if (session.config.evaluation.data.empty()) {
    return InvalidArgument("evaluation.data names no file; an eval stage needs one");
  }
  COHORT_RETURN_IF_ERROR(session.ConnectFleet());
  FleetLink link(session, /*flow=*/nullptr);
  COHORT_RETURN_IF_ERROR(link.Start());
  COHORT_RETURN_IF_ERROR(session.Publish(trainer, /*for_evaluation=*/true));
  link.BeginEvaluation(session.state.version, {session.state.stage_index, 0});
  while (link.EvaluationRunning()) {
    if (session.shutdown.requested()) return Drained();
    COHORT_RETURN_IF_ERROR(link.Pump(kPoll));
    StatusReport status;
    status.state = "evaluating";
    link.AddStatus(status);
    session.metrics.SetStatus(std::move(status));
  }
  return {};
}

}  // namespace cohort
