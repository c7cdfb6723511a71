// cohort-learner: trains. Wires configuration, telemetry, files and the session; the work is in
// learner.cc.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "learner/learner.h"
#include "libs/base/logging.h"
#include "libs/config/endpoints.h"
#include "libs/config/program_options.h"
#include "libs/model/compute_settings.h"
#include "libs/telemetry/process_telemetry.h"

namespace cohort {
namespace {

constexpr char kProgram[] = "cohort-learner";

// Two learners in one run would undo each other's work: the second one is refused. Held until the
// process ends.
Status LockRun(const RunDirectory& directory) {
  const std::filesystem::path file = directory.path() / "learner.lock";
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return Unavailable("cannot open " + file.string());
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    return FailedPrecondition("another learner runs in " + directory.path().string() +
                              "; stop it, or use another run.directory");
  }
  return {};
}

Status Run(const ProgramOptions& options) {
  const Config& config = options.config;
  Shutdown& shutdown = Shutdown::Install();
  const SystemClock clock;
  COHORT_ASSIGN_OR_RETURN(const RunDirectory directory,
                          RunDirectory::Prepare(config.run.directory));
  COHORT_RETURN_IF_ERROR(LockRun(directory));
  LoggingOptions logging;
  logging.process = options.instance;
  logging.file = directory.logs() / (options.instance + ".jsonl");
  COHORT_ASSIGN_OR_RETURN(logging.level, ParseLogLevel(config.run.log_level));
  COHORT_RETURN_IF_ERROR(StartLogging(logging));
  ApplyComputeSettings(static_cast<int>(config.model.threads));

  ProcessTelemetry::Options telemetry_options;
  telemetry_options.role = "learner";
  telemetry_options.instance = options.instance;
  telemetry_options.address = config.telemetry.address;
  telemetry_options.port = TelemetryPort(config, options.instance);
  telemetry_options.run_directory = directory.path();
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<ProcessTelemetry> telemetry,
                          ProcessTelemetry::Start(telemetry_options));
  std::vector<std::string> routes;
  for (const RouteConfig& route : config.routes) routes.push_back(route.name);
  LearnerMetrics metrics(&telemetry->metrics(), routes);
  telemetry->health().SetStatus([&metrics] { return metrics.StatusJson(); });
  telemetry->health().SetReady(true);

  COHORT_ASSIGN_OR_RETURN(const Tokenizer tokenizer, Tokenizer::Load(config.model.path));
  COHORT_ASSIGN_OR_RETURN(const ChatTemplate chat_template,
                          ParseChatTemplate(config.model.chat_template));
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<RunRecords> records,
                          RunRecords::Open(directory, &tokenizer, &clock));
  COHORT_ASSIGN_OR_RETURN(VersionLog versions,
                          VersionLog::Open(directory.path() / "versions.jsonl"));

  LearnerSession session{.config = config,
                         .directory = directory,
                         .clock = clock,
                         .shutdown = shutdown,
                         .tokenizer = tokenizer,
                         .chat_template = chat_template,
                         .instance = options.instance,
                         .metrics = metrics,
                         .records = *records,
                         .store = CheckpointStore(directory.checkpoints()),
                         .versions = std::move(versions),
                         .state = {},
                         .broker = nullptr,
                         .publisher = nullptr};
  const Status status = RunLearner(session);
  telemetry->SetDraining();
  telemetry->health().SetStatus({});
  if (status.code() == StatusCode::kCancelled) {
    LogInfo("drained", {{"step", session.state.step}});
    return {};
  }
  return status;
}

int Main(int argc, char** argv) {
  const ProgramStart start = StartProgram(
      argc, argv,
      {kProgram, "Trains a model: SFT and GRPO, the ledger, checkpoints, weights.", "learner"});
  if (!start.options) return start.exit_code;
  Status status;
  try {
    status = Run(*start.options);
  } catch (const std::exception& error) {  // libtorch's exceptions end here
    status = Internal(error.what());
  }
  if (status.ok()) return 0;
  LogError("the learner stops", {{"why", status}});
  return ReportFailure(kProgram, status);
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) { return cohort::Main(argc, argv); }
