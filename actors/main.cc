// cohort-actor: generates rollouts. Wires configuration, telemetry, model and sockets; the work is
// in actor.cc.
#include <filesystem>
#include <memory>

#include "actors/actor.h"
#include "libs/base/logging.h"
#include "libs/messaging/keys.h"
#include "libs/model/compute_settings.h"
#include "libs/process/process.h"
#include "libs/tokenizer/tokenizer.h"

namespace cohort {
namespace {

constexpr Duration kPatience = Seconds(0.02);  // a wait without news: how late new weights are seen
constexpr double kFarewellSeconds = 5;

Result<std::unique_ptr<WeightsSubscriber>> StartSubscriber(const Process& process,
                                                           const ModelConfig& model, DType type) {
  WeightsSubscriber::Options weights;
  weights.endpoint = process.config.WeightsEndpoint();
  weights.instance = process.instance;
  weights.chunks_in_flight = static_cast<uint32_t>(process.config.weights.chunks_in_flight);
  weights.chunk_bytes = static_cast<uint32_t>(process.config.weights.chunk_bytes);
  weights.expected = ManifestFor(model, type);
  weights.clock = &process.clock;
  COHORT_ASSIGN_OR_RETURN(weights.keys, LoadClientKeys(process.config.security.keys, "actor",
                                                       process.instance, "learner"));
  return WeightsSubscriber::Start(weights);
}

Status Run(Process& process) {
  const Config& config = process.config;
  ApplyComputeSettings(static_cast<int>(config.model.threads));
  const std::filesystem::path model_path = config.model.path;
  COHORT_ASSIGN_OR_RETURN(const ModelConfig model, ReadModelConfig(model_path / "config.json"));
  COHORT_ASSIGN_OR_RETURN(const Tokenizer tokenizer, Tokenizer::Load(model_path));
  COHORT_ASSIGN_OR_RETURN(const DType type, ParseComputeType(config.model.compute_type));
  COHORT_ASSIGN_OR_RETURN(const std::shared_ptr<const Decoder> decoder,
                          Decoder::Create(model, type));

  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<WeightsSubscriber> weights,
                          StartSubscriber(process, model, type));
  COHORT_ASSIGN_OR_RETURN(
      const std::optional<CurveClient> keys,
      LoadClientKeys(config.security.keys, "actor", process.instance, "broker"));
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<BrokerClient> broker,
                          BrokerClient::Connect({.endpoint = config.BrokerEndpoint(),
                                                 .role = Role::kActor,
                                                 .instance = process.instance,
                                                 .clock = &process.clock,
                                                 .keys = keys}));
  RolloutEngine engine(decoder, {.max_rows = config.actor.max_rows,
                                 .drawable = tokenizer.vocabulary_size(),
                                 .instance = process.instance,
                                 .clock = &process.clock});
  ActorMetrics metrics(&process.telemetry.metrics());
  Actor actor({.config = &config,
               .model = &model,
               .broker = broker.get(),
               .weights = weights.get(),
               .engine = &engine,
               .metrics = &metrics,
               .health = &process.telemetry.health(),
               .clock = &process.clock});
  const TelemetryScope shown(&process.telemetry);
  process.telemetry.health().SetStatus([&actor] { return actor.Report().ToJson(); });
  LogInfo("actor started", {{"model", config.model.path},
                            {"broker", config.BrokerEndpoint()},
                            {"rows", config.actor.max_rows}});
  Status status;
  while (status.ok() && !process.shutdown.requested()) status = actor.RunOnce(kPatience);
  process.telemetry.SetDraining();
  actor.Drain();
  broker->Close(Seconds(std::min(kFarewellSeconds, config.fleet.stop_timeout_seconds / 2)));
  return status;
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) {
  return cohort::RunProcess(
      argc, argv,
      {"cohort-actor", "Generates rollouts: decodes the prompts of every route.", "actor-1"},
      "actor", cohort::Run);
}
