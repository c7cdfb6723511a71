// A prepared run directory, its fleet, and the person who watches: what `cohort up` and `cohort
// eval` share.
#pragma once

#include "libs/config/config.h"
#include "libs/run/run_directory.h"

namespace cohort {

// Only one fleet may run in a directory: held until the process ends. Fails when another holds it.
Status LockFleet(const std::filesystem::path& directory);

// Writes the resolved configuration, starts and supervises the fleet, shows its progress on
// standard output, and returns when nothing runs any more. SIGTERM and SIGINT drain. The exit code:
// 0 done or drained, 1 failed, 2 the configuration is wrong. `drained` tells whether it was asked
// to stop. Once a process.
int RunFleet(const Config& config, const RunDirectory& run, bool resume, bool* drained = nullptr);

}  // namespace cohort
