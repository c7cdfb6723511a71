#include "libs/config/endpoints.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "libs/base/digest.h"
#include "libs/base/files.h"

namespace cohort {
namespace {

constexpr std::string_view kIpc = "ipc://";

// The number after `prefix`, from 1.
std::optional<int64_t> NumberAfter(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

}  // namespace

std::string DefaultEndpoint(const std::string& run_directory, std::string_view name) {
  std::error_code ignored;
  const std::filesystem::path run =
      std::filesystem::absolute(run_directory, ignored).lexically_normal();
  const std::string beside = (run / "sockets" / name).string();
  // Endpoints travel in messages, where they are printable ASCII without spaces.
  const bool plain_text =
      std::all_of(beside.begin(), beside.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (plain_text && beside.size() <= kMaxSocketPath) return std::string(kIpc) + beside;
  // Without a trailing slash, so that "runs/a" and "runs/a/" meet at the same place.
  const std::string plain = run.has_filename() ? run.string() : run.parent_path().string();
  const std::string directory =
      "cohort-" + std::to_string(getuid()) + "-" + DigestOf(plain).ToString().substr(0, 16);
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  std::filesystem::path elsewhere = "/tmp";
  if (runtime != nullptr && *runtime == '/' && std::strlen(runtime) < 40) elsewhere = runtime;
  return std::string(kIpc) + (elsewhere / directory / name).string();
}

Status PrepareEndpointDirectory(const std::string& endpoint) {
  if (!endpoint.starts_with(kIpc)) return {};
  const std::filesystem::path socket = endpoint.substr(kIpc.size());
  if (socket.string().size() > kMaxSocketPath) {
    return InvalidArgument("the socket path " + socket.string() + " is longer than " +
                           std::to_string(kMaxSocketPath) + " bytes: name a shorter one");
  }
  const std::filesystem::path directory =
      socket.has_parent_path() ? socket.parent_path() : std::filesystem::path(".");
  if (directory.has_parent_path()) COHORT_RETURN_IF_ERROR(MakeDirectories(directory.parent_path()));
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return InvalidArgument("cannot make the directory " + directory.string() + ": " +
                           std::strerror(errno));
  }
  struct stat facts = {};
  if (lstat(directory.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) {
    return InvalidArgument(directory.string() + " is no directory: remove it");
  }
  if (facts.st_uid != geteuid()) {
    return PermissionDenied("the socket directory " + directory.string() +
                            " belongs to another user: name another endpoint");
  }
  if ((facts.st_mode & 077) != 0) {
    return PermissionDenied("the socket directory " + directory.string() +
                            " is open to other users: chmod 700 it, or name another endpoint");
  }
  return {};
}

int64_t TelemetryPort(const Config& config, std::string_view instance) {
  const int64_t first = config.telemetry.port;
  if (first == 0) return 0;
  if (instance == "broker") return first;
  if (instance == "learner") return first + 1;
  if (const auto actor = NumberAfter(instance, "actor-"); actor && *actor <= config.fleet.actors) {
    return first + 1 + *actor;
  }
  const auto worker = NumberAfter(instance, "reward-worker-");
  if (worker && *worker <= config.fleet.reward_workers) {
    return first + 1 + config.fleet.actors + *worker;
  }
  return 0;
}

std::string Config::JournalDirectory() const {
  if (!broker.journal_directory.empty()) return broker.journal_directory;
  return (std::filesystem::absolute(run.directory) / "journal").string();
}

std::string Config::BrokerEndpoint() const {
  return broker.endpoint.empty() ? DefaultEndpoint(run.directory, "broker") : broker.endpoint;
}

std::string Config::WeightsEndpoint() const {
  return weights.endpoint.empty() ? DefaultEndpoint(run.directory, "weights") : weights.endpoint;
}

const ScorerConfig* Config::FindScorer(const std::string& name) const {
  for (const ScorerConfig& scorer : scorers) {
    if (scorer.name == name) return &scorer;
  }
  return nullptr;
}

const ScorerConfig* Config::FindScorerOfKind(std::string_view kind,
                                             const std::vector<std::string>& names) const {
  for (const std::string& name : names) {
    const ScorerConfig* scorer = FindScorer(name);
    if (scorer != nullptr && scorer->kind == kind) return scorer;
  }
  return nullptr;
}

const RouteConfig* Config::FindRoute(const std::string& name) const {
  for (const RouteConfig& route : routes) {
    if (route.name == name) return &route;
  }
  return nullptr;
}

}  // namespace cohort
