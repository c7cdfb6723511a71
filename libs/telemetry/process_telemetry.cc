#include "libs/telemetry/process_telemetry.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "libs/base/files.h"

namespace cohort {
namespace {

std::filesystem::path FileOf(const std::filesystem::path& directory, const std::string& instance) {
  return directory / (instance + ".json");
}

Result<ProcessEndpoint> ReadProcessEndpoint(const std::filesystem::path& path) {
  COHORT_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  ProcessEndpoint endpoint;
  try {
    endpoint.instance = json.at("instance");
    endpoint.role = json.at("role");
    endpoint.pid = json.at("pid");
    endpoint.telemetry = json.at("telemetry");
  } catch (const nlohmann::json::exception&) {
    return DataLoss(path.string() + ": no endpoint of a process; remove it");
  }
  return endpoint;
}

}  // namespace

Status WriteProcessEndpoint(const std::filesystem::path& directory,
                            const ProcessEndpoint& endpoint) {
  COHORT_RETURN_IF_ERROR(MakeDirectories(directory));
  const nlohmann::json json = {{"instance", endpoint.instance},
                               {"role", endpoint.role},
                               {"pid", endpoint.pid},
                               {"telemetry", endpoint.telemetry}};
  return WriteFileAtomically(FileOf(directory, endpoint.instance), json.dump() + "\n");
}

std::vector<ProcessEndpoint> ReadProcessEndpoints(const std::filesystem::path& directory,
                                                  std::vector<std::string>* problems) {
  std::vector<ProcessEndpoint> endpoints;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() != ".json") continue;
    Result<ProcessEndpoint> endpoint = ReadProcessEndpoint(entry.path());
    if (endpoint.ok()) {
      endpoints.push_back(*std::move(endpoint));
    } else if (endpoint.status().code() != StatusCode::kNotFound && problems != nullptr) {
      problems->push_back(endpoint.status().message());
    }
  }
  std::sort(endpoints.begin(), endpoints.end(),
            [](const auto& a, const auto& b) { return a.instance < b.instance; });
  return endpoints;
}

Result<std::unique_ptr<ProcessTelemetry>> ProcessTelemetry::Start(const Options& options) {
  const std::filesystem::path name(options.instance);
  if (options.instance.empty() || options.instance.front() == '.' || name.filename() != name) {
    return InvalidArgument("the instance name \"" + options.instance +
                           "\" must be a plain word, such as actor-1");
  }
  std::unique_ptr<ProcessTelemetry> telemetry(new ProcessTelemetry(options));
  COHORT_ASSIGN_OR_RETURN(telemetry->server_,
                          TelemetryServer::Start(options.address, options.port,
                                                 &telemetry->metrics_, &telemetry->health_));
  if (!options.run_directory.empty()) {
    COHORT_RETURN_IF_ERROR(
        WriteProcessEndpoint(options.run_directory / "endpoints",
                             {options.instance, options.role, static_cast<int64_t>(getpid()),
                              telemetry->server_->url()}));
  }
  return telemetry;
}

ProcessTelemetry::ProcessTelemetry(Options options)
    : options_(std::move(options)),
      draining_(&AddStandardMetrics(metrics_, options_.role, options_.instance)) {}

ProcessTelemetry::~ProcessTelemetry() { Stop(); }

void ProcessTelemetry::Stop() {
  if (!server_) return;
  server_.reset();
  if (options_.run_directory.empty()) return;
  // A successor of the same name may have written its own meanwhile.
  const auto path = FileOf(options_.run_directory / "endpoints", options_.instance);
  const Result<ProcessEndpoint> endpoint = ReadProcessEndpoint(path);
  std::error_code ignored;
  if (endpoint.ok() && endpoint->pid == getpid()) std::filesystem::remove(path, ignored);
}

void ProcessTelemetry::SetDraining() {
  draining_->Set(1);
  health_.SetReady(false, "draining");
}

}  // namespace cohort
