#include "learner/fleet_link.h"

#include <algorithm>

#include "learner/gold_warnings.h"
#include "libs/base/logging.h"
#include "libs/base/rng.h"

namespace cohort {
namespace {

constexpr uint32_t kScoredInFlight = 4096;  // deliveries on their way to us
constexpr uint64_t kScoredBytesInFlight = 256u << 20;
constexpr uint64_t kEvaluationTags = uint64_t{1} << 62;  // tags from here on are the evaluation's
constexpr uint64_t kAllCursors = UINT64_MAX;

}  // namespace

SamplingParams StageSampling(const LearnerSession& session) {
  SamplingParams sampling;
  sampling.temperature = session.config.sampling.temperature;
  sampling.top_p = session.config.sampling.top_p;
  sampling.max_new_tokens = static_cast<uint32_t>(session.config.sampling.max_new_tokens);
  if (const std::optional<int32_t> eos = session.tokenizer.eos()) sampling.stop_tokens = {*eos};
  return sampling;
}

Result<PromptSource> LoadPrompts(const LearnerSession& session, const std::string& file,
                                 const std::vector<std::string>& scorers, uint64_t salt) {
  COHORT_ASSIGN_OR_RETURN(
      const ModelConfig model,
      ReadModelConfig(std::filesystem::path(session.config.model.path) / "config.json"));
  COHORT_ASSIGN_OR_RETURN(
      PromptSource prompts,
      PromptSource::Load(file, session.tokenizer, session.chat_template,
                         model.max_positions - session.config.sampling.max_new_tokens,
                         RandomAt({static_cast<uint64_t>(session.config.run.seed), salt})));
  for (const std::string& warning : GoldWarnings(session.config, file, scorers, prompts))
    LogWarning("a gold answer that cannot be read", {{"what", warning}});
  return prompts;
}

Status FleetLink::LoadEvaluation() {
  const EvaluationConfig& config = session_.config.evaluation;
  if (config.data.empty()) return {};
  // The route with the least patience: its queues are never full of slow work.
  const auto& routes = session_.config.routes;
  const RouteConfig& route = *std::min_element(
      routes.begin(), routes.end(),
      [](const RouteConfig& a, const RouteConfig& b) { return a.max_staleness < b.max_staleness; });
  const std::vector<std::string>& scorers = config.scorers.empty() ? route.scorers : config.scorers;
  COHORT_ASSIGN_OR_RETURN(PromptSource prompts,
                          LoadPrompts(session_, config.data, scorers, /*salt=*/0));
  Evaluator::Options options;
  options.run = session_.directory.run_id();
  options.config = config;
  options.route = route.name;
  options.scorers = scorers;
  options.sampling = StageSampling(session_);
  options.clock = &session_.clock;
  options.deadline = Seconds(route.deadline_seconds);
  evaluator_ = std::make_unique<Evaluator>(session_.broker.get(), std::move(prompts),
                                           std::move(options), kEvaluationTags);
  return {};
}

Status FleetLink::Start() {
  COHORT_RETURN_IF_ERROR(LoadEvaluation());
  for (const RouteConfig& route : session_.config.routes) {
    session_.broker->Subscribe(ScoredQueue(route.name));
    session_.broker->Grant(ScoredQueue(route.name), kScoredInFlight, kScoredBytesInFlight);
  }
  // What an earlier life of this learner was evaluating: its weights are gone.
  if (const uint64_t version = session_.versions.last_evaluation(); version != 0) {
    session_.broker->Cancel(session_.directory.run_id(), EvaluationSpace(version), 0, kAllCursors,
                            0);
  }
  return {};
}

bool FleetLink::EvaluationDue(const EvaluationPoint& point, int64_t steps) const {
  const EvaluationConfig& config = session_.config.evaluation;
  if (config.data.empty() || EvaluationRunning()) return false;
  const auto& done = session_.state.evaluated;
  if (std::find(done.begin(), done.end(), point) != done.end()) return false;
  return point.step == 0 || point.step >= steps ||
         (config.every_steps > 0 && point.step % config.every_steps == 0);
}

void FleetLink::BeginEvaluation(uint64_t version, const EvaluationPoint& point) {
  evaluator_->Begin(version, point);
}

Status FleetLink::Pump(Duration timeout) {
  std::optional<BrokerEvent> event = session_.broker->Next(timeout);
  while (event) {
    COHORT_RETURN_IF_ERROR(Handle(*std::move(event)));
    event = session_.broker->Next(Duration(0));
  }
  return TakeEvaluationResult();
}

Status FleetLink::Handle(BrokerEvent event) {
  if (auto* delivery = std::get_if<Delivery>(&event)) {
    if (flow_ && IsTrainingSpace(delivery->id.space)) {
      flow_->OnDelivery(std::move(*delivery));
    } else if (evaluator_ && !IsTrainingSpace(delivery->id.space)) {
      evaluator_->OnDelivery(std::move(*delivery));
    } else {
      session_.broker->Settle(delivery->token, {}, 0);  // nobody here wants it: its group has ended
    }
  } else if (const auto* answer = std::get_if<Answer>(&event)) {
    if (evaluator_ && evaluator_->OnAnswer(*answer)) return {};
    if (flow_) flow_->OnAnswer(*answer);
  } else if (const auto* started = std::get_if<SessionStarted>(&event)) {
    LogInfo("session with the broker",
            {{"epoch", Hex(started->broker_epoch)}, {"fresh", started->fresh}});
    if (started->fresh) {
      if (flow_) flow_->PutPendingAgain(session_.state.version);
      if (evaluator_) evaluator_->PutAgain();
    }
  } else if (const auto* refused = std::get_if<SessionRefused>(&event)) {
    return refused->status.WithContext("the broker refuses this learner");
  } else if (const auto* lost = std::get_if<LeaseLost>(&event)) {
    LogDebug("a lease ended", {{"id", lost->id.ToString()}, {"why", lost->reason}});
  }
  return {};
}

Status FleetLink::TakeEvaluationResult() {
  if (!evaluator_) return {};
  const std::optional<EvaluationResult> result = evaluator_->TakeResult();
  if (!result) return {};
  session_.state.evaluated.push_back(result->point);
  session_.metrics.Evaluation(*result);
  LogInfo("evaluation", {{"step", result->point.step},
                         {"version", result->version},
                         {"pass_at_1", result->pass_at_1},
                         {"length", result->mean_length},
                         {"seconds", result->seconds}});
  return session_.records.Evaluation(*result, session_.stage().kind);
}

void FleetLink::AddStatus(StatusReport& status) const {
  if (EvaluationRunning()) {
    status.waiting.push_back({std::to_string(evaluator_->missing()) + " samples of the evaluation",
                              evaluator_->running_seconds(), ""});
  }
  status.facts["broker"] = session_.broker->State();
}

}  // namespace cohort
