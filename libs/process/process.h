// What every process of a fleet does before and after its own work.
//
// Command line and configuration, signals, the run directory, the log, telemetry; then the
// process's own work; then the exit code that its failure deserves. Exceptions of libraries end
// here.
#pragma once

#include <functional>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/shutdown.h"
#include "libs/base/status.h"
#include "libs/config/config.h"
#include "libs/config/program_options.h"
#include "libs/run/run_directory.h"
#include "libs/telemetry/process_telemetry.h"

namespace cohort {

// Handed to the work; lives longer than it.
struct Process {
  const Config& config;
  const std::string& instance;
  const RunDirectory& directory;
  const Clock& clock;
  Shutdown& shutdown;
  ProcessTelemetry& telemetry;
};

// Runs `work` until it returns; `role` is the one on the metrics page ("actor"). What the work
// shows on /status must be taken away (SetStatus({})) or outlive the telemetry. Returns main's exit
// code: 0, 1, or 2 when the configuration or a file that it names is wrong.
int RunProcess(int argc, const char* const* argv, const ProgramDescription& description,
               const std::string& role, const std::function<Status(Process&)>& work);

}  // namespace cohort
