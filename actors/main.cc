// cohort-actor: generates rollouts. Wires configuration, telemetry, model and sockets; the work is
// in actor.cc.
#include <exception>
#include <filesystem>
#include <memory>

#include "actors/actor.h"
#include "libs/base/logging.h"
#include "libs/base/shutdown.h"
#include "libs/config/endpoints.h"
#include "libs/config/program_options.h"
#include "libs/model/compute_settings.h"
#include "libs/run/run_directory.h"
#include "libs/telemetry/process_telemetry.h"
#include "libs/tokenizer/tokenizer.h"

namespace cohort {
namespace {

constexpr char kProgram[] = "cohort-actor";
constexpr Duration kPatience = Seconds(0.02);  // a wait without news: how late new weights are seen
constexpr double kFarewellSeconds = 5;

Result<std::unique_ptr<ProcessTelemetry>> StartTelemetry(const ProgramOptions& options,
                                                         const RunDirectory& directory) {
  ProcessTelemetry::Options telemetry;
  telemetry.role = "actor";
  telemetry.instance = options.instance;
  telemetry.address = options.config.telemetry.address;
  telemetry.port = TelemetryPort(options.config, options.instance);
  telemetry.run_directory = directory.path();
  return ProcessTelemetry::Start(telemetry);
}

Result<std::unique_ptr<WeightsSubscriber>> StartSubscriber(const ProgramOptions& options,
                                                           const ModelConfig& model, DType type,
                                                           const Clock& clock) {
  WeightsSubscriber::Options weights;
  weights.endpoint = options.config.WeightsEndpoint();
  weights.instance = options.instance;
  weights.chunks_in_flight = static_cast<uint32_t>(options.config.weights.chunks_in_flight);
  weights.chunk_bytes = static_cast<uint32_t>(options.config.weights.chunk_bytes);
  weights.expected = ManifestFor(model, type);
  weights.clock = &clock;
  return WeightsSubscriber::Start(weights);
}

Status Run(const ProgramOptions& options) {
  const Config& config = options.config;
  const Shutdown& shutdown = Shutdown::Install();
  const SystemClock clock;
  COHORT_ASSIGN_OR_RETURN(const RunDirectory directory,
                          RunDirectory::Prepare(config.run.directory));
  LoggingOptions logging;
  logging.process = options.instance;
  logging.file = directory.logs() / (options.instance + ".jsonl");
  COHORT_ASSIGN_OR_RETURN(logging.level, ParseLogLevel(config.run.log_level));
  COHORT_RETURN_IF_ERROR(StartLogging(logging));
  ApplyComputeSettings(static_cast<int>(config.model.threads));
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<ProcessTelemetry> telemetry,
                          StartTelemetry(options, directory));

  const std::filesystem::path model_path = config.model.path;
  COHORT_ASSIGN_OR_RETURN(const ModelConfig model, ReadModelConfig(model_path / "config.json"));
  COHORT_ASSIGN_OR_RETURN(const Tokenizer tokenizer, Tokenizer::Load(model_path));
  COHORT_ASSIGN_OR_RETURN(const DType type, ParseComputeType(config.model.compute_type));
  COHORT_ASSIGN_OR_RETURN(const std::shared_ptr<const Decoder> decoder,
                          Decoder::Create(model, type));

  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<WeightsSubscriber> weights,
                          StartSubscriber(options, model, type, clock));
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<BrokerClient> broker,
                          BrokerClient::Connect({.endpoint = config.BrokerEndpoint(),
                                                 .role = Role::kActor,
                                                 .instance = options.instance,
                                                 .clock = &clock}));
  RolloutEngine engine(decoder, {.max_rows = config.actor.max_rows,
                                 .drawable = tokenizer.vocabulary_size(),
                                 .instance = options.instance,
                                 .clock = &clock});
  ActorMetrics metrics(&telemetry->metrics());
  Actor actor({.config = &config,
               .model = &model,
               .broker = broker.get(),
               .weights = weights.get(),
               .engine = &engine,
               .metrics = &metrics,
               .health = &telemetry->health(),
               .clock = &clock});
  telemetry->health().SetStatus([&actor] { return actor.Report().ToJson(); });
  LogInfo("actor started", {{"model", config.model.path},
                            {"broker", config.BrokerEndpoint()},
                            {"rows", config.actor.max_rows}});
  Status status;
  while (status.ok() && !shutdown.requested()) status = actor.RunOnce(kPatience);
  telemetry->SetDraining();
  actor.Drain();
  broker->Close(Seconds(std::min(kFarewellSeconds, config.fleet.stop_timeout_seconds / 2)));
  telemetry->health().SetStatus({});
  return status;
}

int Main(int argc, char** argv) {
  const ProgramStart start = StartProgram(
      argc, argv, {kProgram, "Generates rollouts: decodes the prompts of every route.", "actor-1"});
  if (!start.options) return start.exit_code;
  Status status;
  try {
    status = Run(*start.options);
  } catch (const std::exception& error) {  // libtorch's exceptions end here
    status = Internal(error.what());
  }
  if (status.ok()) return 0;
  LogError("the actor stops", {{"why", status}});
  return ReportFailure(kProgram, status);
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) { return cohort::Main(argc, argv); }
