#include "learner/session.h"

#include "libs/base/logging.h"
#include "libs/config/endpoints.h"
#include "libs/messaging/keys.h"

namespace cohort {

RecordPoint LearnerSession::Here() const {
  return {state.stage_index, stage().kind, state.step, state.version};
}

Status LearnerSession::ConnectFleet() {
  if (!publisher) {
    COHORT_RETURN_IF_ERROR(PrepareEndpointDirectory(config.WeightsEndpoint()));
    WeightsPublisher::Options options;
    options.endpoint = config.WeightsEndpoint();
    options.chunk_bytes = static_cast<uint32_t>(config.weights.chunk_bytes);
    options.clock = &clock;
    COHORT_ASSIGN_OR_RETURN(options.keys, LoadServerKeys(config.security.keys, "learner", instance,
                                                         config.security.allowed));
    COHORT_ASSIGN_OR_RETURN(publisher, WeightsPublisher::Start(options));
  }
  if (!broker) {
    BrokerClient::Options options;
    options.endpoint = config.BrokerEndpoint();
    options.role = Role::kLearner;
    options.instance = instance;
    options.clock = &clock;
    COHORT_ASSIGN_OR_RETURN(options.keys,
                            LoadClientKeys(config.security.keys, "learner", instance, "broker"));
    COHORT_ASSIGN_OR_RETURN(broker, BrokerClient::Connect(options));
  }
  return {};
}

Status LearnerSession::Publish(const Trainer& trainer, bool for_evaluation) {
  COHORT_ASSIGN_OR_RETURN(state.version, versions.Reserve(state.version, for_evaluation));
  Publication publication;
  publication.version = state.version;
  publication.weights = std::make_shared<WeightsBuffer>(trainer.Publication());
  publication.for_evaluation = for_evaluation;
  publisher->Publish(std::move(publication));
  metrics.Version(state.version);
  return {};
}

Status LearnerSession::Checkpoint(const Trainer& trainer) {
  const Time began = clock.Now();
  state.saved_at = clock.WallSeconds();
  const Result<std::filesystem::path> path =
      store.Write(state, config.checkpoints.keep, [&](const std::filesystem::path& into) {
        return trainer.SaveState(into, config.model.path);
      });
  if (!path.ok()) return path.status().WithContext("checkpoint");
  const double seconds = ToSeconds(clock.Now() - began);
  metrics.Checkpoint(seconds);
  LogInfo("checkpoint", {{"path", path->string()}, {"step", state.step}, {"seconds", seconds}});
  return {};
}

}  // namespace cohort
