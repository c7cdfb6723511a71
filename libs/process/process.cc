#include "libs/process/process.h"

#include <exception>
#include <memory>

#include "libs/base/logging.h"
#include "libs/config/endpoints.h"

namespace cohort {
namespace {

Status Start(const ProgramOptions& options, const std::string& role,
             const std::function<Status(Process&)>& work) {
  const Config& config = options.config;
  Shutdown& shutdown = Shutdown::Install();
  const SystemClock clock;
  COHORT_ASSIGN_OR_RETURN(const RunDirectory directory,
                          RunDirectory::Prepare(config.run.directory));

  LoggingOptions logging;
  logging.process = options.instance;
  logging.file = directory.logs() / (options.instance + ".jsonl");
  COHORT_ASSIGN_OR_RETURN(logging.level, ParseLogLevel(config.run.log_level));
  logging.stderr_level = logging.level;
  COHORT_RETURN_IF_ERROR(StartLogging(logging));

  ProcessTelemetry::Options page;
  page.role = role;
  page.instance = options.instance;
  page.address = config.telemetry.address;
  page.port = TelemetryPort(config, options.instance);
  page.run_directory = directory.path();
  COHORT_ASSIGN_OR_RETURN(const std::unique_ptr<ProcessTelemetry> telemetry,
                          ProcessTelemetry::Start(page));

  Process process{config, options.instance, directory, clock, shutdown, *telemetry};
  const Status status = work(process);
  if (!status.ok()) LogError("stops", {{"why", status}});
  return status;
}

}  // namespace

int RunProcess(int argc, const char* const* argv, const ProgramDescription& description,
               const std::string& role, const std::function<Status(Process&)>& work) {
  const ProgramStart start = StartProgram(argc, argv, description);
  if (!start.options) return start.exit_code;
  Status status;
  try {
    status = Start(*start.options, role, work);
  } catch (const std::exception& error) {
    status = Internal(error.what());
  }
  return status.ok() ? 0 : ReportFailure(description.name, status);
}

}  // namespace cohort
