// Where the processes of a run meet: socket paths and telemetry ports derived from a Config.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/config/config.h"

namespace cohort {

// The kernel's limit for the path of an ipc:// endpoint, in bytes.
inline constexpr size_t kMaxSocketPath = 107;

// "ipc://<absolute run directory>/sockets/<name>". Where that path is too long for the
// kernel, or is not printable ASCII without spaces:
// a directory named by the digest of the run directory, under $XDG_RUNTIME_DIR or /tmp.
std::string DefaultEndpoint(const std::string& run_directory, std::string_view name);

// For whoever binds an ipc:// endpoint: makes its directory, private to this user (0700), and
// refuses one that somebody else owns or can enter. Other transports: nothing to do.
Status PrepareEndpointDirectory(const std::string& endpoint);

// The port of a process's telemetry server: 0 (any free one) unless telemetry.port is set; then
// the broker has that port, the learner the next one, then actor-1 …, then reward-worker-1 ….
// Instances with other names, as started by hand, get 0.
int64_t TelemetryPort(const Config& config, std::string_view instance);

}  // namespace cohort
