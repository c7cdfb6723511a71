// Reinforcement learning: issue, assemble, train, publish, settle.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "learner/age.h"
#include "learner/batch.h"
#include "learner/fleet_link.h"
#include "learner/group_flow.h"
#include "learner/session.h"
#include "libs/base/logging.h"
#include "libs/base/rng.h"

namespace cohort {
namespace {

constexpr Duration kPoll = Seconds(0.05);        // between looks at deadlines and shutdown
constexpr double kHeldShareForCheckpoint = 0.8;  // of the broker's bound on accepted tasks

class GrpoStage {
 public:
  GrpoStage(LearnerSession& session, Trainer& trainer, std::vector<TrainingRoute> routes)
      : session_(session),
        stage_(session.stage()),
        trainer_(trainer),
        flow_(session.broker.get(), std::move(routes), session.state.ledger, FlowOptions()),
        link_(session, &flow_) {
    for (const RouteConfig& route : session.config.routes) min_group_.push_back(route.min_group);
    ages_.resize(flow_.routes());
  }

  Status Run();

 private:
  GroupFlow::Options FlowOptions();
  // One turn of the loop: events for at most kPoll, then everything that time alone makes due.
  Status Turn();
  Status Train(std::vector<Group> batch, StepTimes times);
  Status PublishAndEvaluate();
  Status WaitForEvaluation();
  // The evaluation before the first step is that of the policy as it came, and the last step's own
  // must find no other running; all other steps wait for nobody.
  bool MustWaitForEvaluation() const {
    const int64_t step = session_.state.step;
    return link_.EvaluationRunning() && (step == 0 || step + 1 == stage_.steps);
  }
  Status SaveProgress();
  void OnEnd(const Group& group, GroupEnd end);
  std::vector<RouteStep> RoutesOf(const std::vector<Group>& batch) const;
  RouteStatus StatusOf(size_t route) const;
  void ShowStatus(const std::string& state);
  bool CheckpointDue() const;
  bool stopping() const { return session_.shutdown.requested(); }

  LearnerSession& session_;
  const StageConfig& stage_;
  Trainer& trainer_;
  GroupFlow flow_;
  FleetLink link_;
  std::vector<int64_t> min_group_;
  Status record_failure_;  // of on_end, which cannot return it
  Time last_step_done_{};
  std::vector<RecentAges> ages_;              // by route
  double broker_wait_ = 0;                    // seconds since the last step
  std::map<std::string, double> route_wait_;  // likewise, by route whose share was missing
};

GroupFlow::Options GrpoStage::FlowOptions() {
  GroupFlow::Options options;
  options.run = session_.directory.run_id();
  options.seed = static_cast<uint64_t>(session_.config.run.seed);
  options.sampling = StageSampling(session_);
  options.dynamic_sampling = stage_.dynamic_sampling;
  options.clock = &session_.clock;
  options.on_end = [this](const Group& group, GroupEnd end) { OnEnd(group, end); };
  return options;
}

void GrpoStage::OnEnd(const Group& group, GroupEnd end) {
  const size_t route = static_cast<size_t>(group.key.space - 1);
  const std::string& name = flow_.route(route).name;
  const std::optional<AgeParts> age = AgeOf(group, session_.clock.WallSeconds());
  const Result<uint64_t> publications =
      GroupAge(session_.versions.lines(), group, session_.state.version);
  if (age && publications.ok()) {
    ages_[route].Add(*age, *publications);
    session_.metrics.GroupEnded(name, *age, *publications);
  }
  const Status written = session_.records.GroupEnded(session_.Here(), group, name, end);
  if (!written.ok()) record_failure_ = written;
}

Status GrpoStage::Run() {
  COHORT_RETURN_IF_ERROR(link_.Start());
  COHORT_RETURN_IF_ERROR(PublishAndEvaluate());
  flow_.PutPendingAgain(session_.state.version);  // of an earlier life; ids make it harmless
  last_step_done_ = session_.clock.Now();
  Time waiting_since = last_step_done_;
  while (session_.state.step < stage_.steps) {
    if (stopping()) {
      COHORT_RETURN_IF_ERROR(SaveProgress());
      return Drained();
    }
    std::optional<std::vector<Group>> batch;
    if (!MustWaitForEvaluation()) {
      batch = flow_.FormBatch(session_.versions.lines(), session_.state.version);
    }
    if (!batch) {
      const Time began = session_.clock.Now();
      const std::vector<size_t> waits_for = flow_.WaitsFor();
      COHORT_RETURN_IF_ERROR(Turn());
      for (const size_t route : waits_for) {
        route_wait_[flow_.route(route).name] += ToSeconds(session_.clock.Now() - began);
      }
      continue;
    }
    const double waited = ToSeconds(session_.clock.Now() - waiting_since);
    session_.metrics.Waited("groups", waited);
    COHORT_RETURN_IF_ERROR(Train(*std::move(batch), {0, waited, std::exchange(broker_wait_, 0),
                                                     std::exchange(route_wait_, {})}));
    if (CheckpointDue()) COHORT_RETURN_IF_ERROR(SaveProgress());
    waiting_since = session_.clock.Now();
  }
  flow_.EndAll();
  COHORT_RETURN_IF_ERROR(SaveProgress());
  COHORT_RETURN_IF_ERROR(WaitForEvaluation());
  flow_.SettleDurable();  // what came late: its ends are durable already
  return stopping() ? Drained() : Status();
}

Status GrpoStage::Turn() {
  const bool blocked = flow_.UnconfirmedPuts() > 0 || !session_.broker->Connected();
  const Time began = session_.clock.Now();
  COHORT_RETURN_IF_ERROR(link_.Pump(kPoll));
  if (blocked) {
    const double seconds = ToSeconds(session_.clock.Now() - began);
    session_.metrics.WaitedForBroker(seconds);
    broker_wait_ += seconds;
  }
  flow_.Sweep(session_.versions.lines(), session_.state.version);
  flow_.Issue(session_.state.version, static_cast<uint64_t>(stage_.steps - session_.state.step));
  session_.metrics.SetLedger(flow_.ledger());
  session_.metrics.Held(flow_.HeldTasks());
  session_.metrics.RefusedSamples(flow_.refused_samples());
  session_.metrics.SetActors(session_.publisher->Actors());
  ShowStatus("waiting for groups of step " + std::to_string(session_.state.step + 1));
  if (flow_.WaitToSettle() > 0 &&
      static_cast<double>(flow_.HeldTasks()) >
          kHeldShareForCheckpoint * static_cast<double>(session_.config.broker.held_tasks)) {
    COHORT_RETURN_IF_ERROR(SaveProgress());
  }
  return record_failure_;
}

Status GrpoStage::Train(std::vector<Group> batch, StepTimes times) {
  LearnerState& state = session_.state;
  ShowStatus("training step " + std::to_string(state.step + 1));
  const BatchFigures figures =
      Measure(batch, session_.versions.lines(), state.version, session_.clock.WallSeconds());
  const PreparedBatch prepared = PrepareBatch(batch, state.version, min_group_);
  COHORT_ASSIGN_OR_RETURN(const StepStats stats, trainer_.GrpoStep(prepared.groups));

  const uint64_t parent = state.version;
  state.step += 1;
  state.total_steps += 1;
  COHORT_RETURN_IF_ERROR(PublishAndEvaluate());
  std::vector<RouteStep> routes = RoutesOf(batch);
  flow_.EndBatch(batch, prepared.ends);
  for (size_t i = 0; i < routes.size(); ++i) {
    routes[i].pending = flow_.ledger().route(i).pending.size();
    routes[i].ready = flow_.Ready(i);
  }
  flow_.Issue(state.version, static_cast<uint64_t>(stage_.steps - state.step));
  COHORT_RETURN_IF_ERROR(record_failure_);

  const Time now = session_.clock.Now();
  times.all = ToSeconds(now - last_step_done_);
  last_step_done_ = now;
  session_.metrics.SetLedger(flow_.ledger());
  session_.metrics.GrpoStep(stats, figures, prepared.signals, times.all,
                            session_.clock.WallSeconds());
  COHORT_RETURN_IF_ERROR(session_.records.Trained(session_.Here(), parent, batch));
  return session_.records.GrpoStep(session_.Here(), stats, figures, prepared.signals,
                                   flow_.ledger(), times, routes);
}

std::vector<RouteStep> GrpoStage::RoutesOf(const std::vector<Group>& batch) const {
  std::vector<RouteStep> routes(flow_.routes());
  for (size_t i = 0; i < routes.size(); ++i) {
    routes[i].name = flow_.route(i).name;
    routes[i].groups = flow_.Observed(i);
  }
  for (const Group& group : batch) routes[group.key.space - 1].groups += 1;
  return routes;
}

Status GrpoStage::PublishAndEvaluate() {
  const EvaluationPoint point{session_.state.stage_index, session_.state.step};
  const bool evaluate = link_.EvaluationDue(point, stage_.steps);
  COHORT_RETURN_IF_ERROR(session_.Publish(trainer_, evaluate));
  if (evaluate) link_.BeginEvaluation(session_.state.version, point);
  return {};
}

Status GrpoStage::WaitForEvaluation() {
  const Time began = session_.clock.Now();
  while (link_.EvaluationRunning() && !stopping()) {
    ShowStatus("waiting for the evaluation");
    COHORT_RETURN_IF_ERROR(link_.Pump(kPoll));
  }
  session_.metrics.Waited("evaluation", ToSeconds(session_.clock.Now() - began));
  return {};
}

bool GrpoStage::CheckpointDue() const {
  const int64_t every = session_.config.checkpoints.every_steps;
  return every > 0 && session_.state.step % every == 0 && session_.state.step < stage_.steps;
}

Status GrpoStage::SaveProgress() {
  session_.state.ledger = flow_.ledger();
  const Time began = session_.clock.Now();
  COHORT_RETURN_IF_ERROR(session_.Checkpoint(trainer_));
  session_.metrics.Waited("checkpoint", ToSeconds(session_.clock.Now() - began));
  flow_.SettleDurable();
  session_.metrics.SetLedger(flow_.ledger());
  return {};
}

RouteStatus GrpoStage::StatusOf(size_t route) const {
  RouteStatus status;
  status.name = flow_.route(route).name;
  status.share = static_cast<uint64_t>(flow_.route(route).groups_per_step);
  const RouteLedger& ledger = flow_.ledger().route(route);
  status.pending = ledger.pending.size();
  status.ready = flow_.Ready(route);
  for (const GroupEnd end : kGroupEnds) {
    if (ledger.ended(end) > 0) status.ends[std::string(GroupEndName(end))] = ledger.ended(end);
  }
  const RecentAges& ages = ages_[route];
  if (ages.empty()) return status;
  const AgeParts parts = ages.MeanParts();
  status.age_seconds = {{"queue", parts.queue},
                        {"generation", parts.generation},
                        {"reward", parts.reward},
                        {"assembly", parts.assembly}};
  status.age_publications = ages.MeanPublications();
  return status;
}

void GrpoStage::ShowStatus(const std::string& state) {
  StatusReport status;
  status.state = state;
  for (size_t i = 0; i < flow_.routes(); ++i) {
    const std::optional<GroupFlow::Oldest> oldest = flow_.OldestIncomplete(i);
    status.routes.push_back(StatusOf(i));
    if (!oldest) continue;
    const TaskId id{session_.directory.run_id(), oldest->key.space, oldest->key.cursor, 0};
    status.waiting.push_back(
        {std::to_string(oldest->missing) + " samples of route " + flow_.route(i).name,
         oldest->seconds, id.ToString()});
  }
  link_.AddStatus(status);
  status.figures["step"] = static_cast<double>(session_.state.step);
  status.figures["steps"] = static_cast<double>(stage_.steps);
  status.figures["version"] = static_cast<double>(session_.state.version);
  status.figures["held_tasks"] = static_cast<double>(flow_.HeldTasks());
  status.figures["ledger_balances"] = flow_.ledger().Balances() ? 1 : 0;
  session_.metrics.SetStatus(std::move(status));
}

Result<std::vector<TrainingRoute>> LoadRoutes(const LearnerSession& session) {
  std::vector<TrainingRoute> routes;
  for (const RouteConfig& route : session.config.routes) {
    COHORT_ASSIGN_OR_RETURN(PromptSource prompts,
                            LoadPrompts(session, route.train, route.scorers, routes.size()));
    routes.push_back({route, std::move(prompts)});
  }
  return routes;
}

}  // namespace

Status RunGrpoStage(LearnerSession& session, Trainer& trainer) {
  COHORT_ASSIGN_OR_RETURN(std::vector<TrainingRoute> routes, LoadRoutes(session));
  COHORT_RETURN_IF_ERROR(session.ConnectFleet());
  GrpoStage stage(session, trainer, std::move(routes));
  return stage.Run();
}

}  // namespace cohort
