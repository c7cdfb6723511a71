// cohort-learner: trains. Wires configuration, telemetry, files and the session; the work is in
// learner.cc.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <memory>

#include "learner/learner.h"
#include "libs/base/logging.h"
#include "libs/model/compute_settings.h"
#include "libs/process/process.h"

namespace cohort {
namespace {

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

Status Run(Process& process) {
  const Config& config = process.config;
  const RunDirectory& directory = process.directory;
  COHORT_RETURN_IF_ERROR(LockRun(directory));
  ApplyComputeSettings(static_cast<int>(config.model.threads));

  std::vector<std::string> routes;
  for (const RouteConfig& route : config.routes) routes.push_back(route.name);
  LearnerMetrics metrics(&process.telemetry.metrics(), routes);
  const TelemetryScope shown(&process.telemetry);
  process.telemetry.health().SetStatus([&metrics] { return metrics.StatusJson(); });
  process.telemetry.health().SetReady(true);

  COHORT_ASSIGN_OR_RETURN(const Tokenizer tokenizer, Tokenizer::Load(config.model.path));
  COHORT_ASSIGN_OR_RETURN(const ChatTemplate chat_template,
                          ParseChatTemplate(config.model.chat_template));
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<RunRecords> records,
                          RunRecords::Open(directory, &tokenizer, &process.clock));
  COHORT_ASSIGN_OR_RETURN(VersionLog versions,
                          VersionLog::Open(directory.path() / "versions.jsonl"));
  LearnerSession session{.config = config,
                         .directory = directory,
                         .clock = process.clock,
                         .shutdown = process.shutdown,
                         .tokenizer = tokenizer,
                         .chat_template = chat_template,
                         .instance = process.instance,
                         .metrics = metrics,
                         .records = *records,
                         .store = CheckpointStore(directory.checkpoints()),
                         .versions = std::move(versions),
                         .state = {},
                         .broker = nullptr,
                         .publisher = nullptr};
  const Status status = RunLearner(session);
  process.telemetry.SetDraining();
  if (status.code() != StatusCode::kCancelled) return status;
  LogInfo("drained", {{"step", session.state.step}});
  return {};
}

}  // namespace
}  // namespace cohort

int main(int argc, char** argv) {
  return cohort::RunProcess(
      argc, argv,
      {"cohort-learner", "Trains a model: SFT and GRPO, the ledger, checkpoints, weights.",
       "learner"},
      "learner", cohort::Run);
}
