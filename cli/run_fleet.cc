#include "cli/run_fleet.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>

#include "cli/command.h"
#include "cli/fleet_plan.h"
#include "cli/progress.h"
#include "cli/supervisor.h"
#include "libs/base/files.h"
#include "libs/base/shutdown.h"
#include "libs/config/load.h"
#include "libs/config/program_options.h"

namespace cohort {
namespace {

// Processes that were killed leave theirs behind; `cohort status` would take them for silent ones.
void RemoveOldEndpoints(const RunDirectory& run) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(run.endpoints(), ignored)) {
    std::filesystem::remove(entry.path(), ignored);
  }
}

int ExitCode(Supervisor::End end) {
  switch (end) {
    case Supervisor::End::kDone:
    case Supervisor::End::kDrained:
      return 0;
    case Supervisor::End::kConfiguration:
      return kExitConfiguration;
    case Supervisor::End::kFailed:
      return 1;
  }
  return 1;
}

}  // namespace

Status LockFleet(const std::filesystem::path& directory) {
  COHORT_RETURN_IF_ERROR(MakeDirectories(directory));
  const std::filesystem::path file = directory / "fleet.lock";
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return Unavailable("cannot open " + file.string());
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    return FailedPrecondition("a fleet runs in " + directory.string() +
                              " already; stop it, or set another --run.directory=…");
  }
  // A learner that was started by hand: its fleet would lose its workers to this one's.
  const std::filesystem::path learner = directory / "learner.lock";
  const int probe = open(learner.c_str(), O_RDWR | O_CLOEXEC);
  if (probe >= 0) {
    const bool taken = flock(probe, LOCK_EX | LOCK_NB) != 0;
    close(probe);
    if (taken) {
      close(fd);
      return FailedPrecondition("a learner that was started by hand runs in " + directory.string() +
                                "; stop it, or set another --run.directory=…");
    }
  }
  return {};  // the descriptor stays open, and with it the lock
}

int RunFleet(const Config& config, const RunDirectory& run, bool resume, bool* drained) {
  Shutdown& shutdown = Shutdown::Install();
  const SystemClock clock;
  RemoveOldEndpoints(run);
  if (const Status status = WriteFileAtomically(run.config(), ConfigToToml(config)); !status.ok()) {
    return ReportFailure(kProgramName, status);
  }
  Result<std::vector<ChildPlan>> plan = PlanFleet(config, run, ProgramDirectory());
  if (!plan.ok()) return ReportFailure(kProgramName, plan.status());
  Progress progress({.metrics = run.metrics(),
                     .clock = &clock,
                     .out = stdout,
                     .terminal = isatty(STDOUT_FILENO) == 1,
                     .from_now = resume});
  Supervisor::Options options;
  options.clock = &clock;
  options.stop_timeout = Seconds(config.fleet.stop_timeout_seconds);
  options.environment = ChildEnvironment(config);
  options.note = [&](const std::string& line) { progress.Note(line); };
  options.alarm = [&](const std::string& line) {
    progress.Finish();
    ReportFailure(kProgramName, Internal(line));
  };
  options.stop = [&](Duration timeout) { return shutdown.WaitFor(timeout); };
  options.tick = [&] { progress.Poll(); };
  options.finished = [&] {
    progress.Poll();
    return progress.done();
  };
  progress.Note("run directory " + run.path().string() + ", " + std::to_string(plan->size()) +
                " processes");
  const Supervisor::End end = Supervisor(*std::move(plan), std::move(options)).Run();
  progress.Finish();
  if (drained != nullptr) *drained = end == Supervisor::End::kDrained;
  return ExitCode(end);
}

}  // namespace cohort
