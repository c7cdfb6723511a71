#include "libs/run/run_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "libs/base/files.h"
#include "libs/base/ids.h"
#include "libs/base/rng.h"

namespace cohort {
namespace {

std::filesystem::path IdFile(const std::filesystem::path& path) { return path / "run.json"; }

std::filesystem::path Plain(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::path plain = std::filesystem::absolute(path, ignored).lexically_normal();
  return plain.has_filename() ? plain : plain.parent_path();
}

Result<uint64_t> ReadRunId(const std::filesystem::path& path) {
  COHORT_ASSIGN_OR_RETURN(const std::string text, ReadFile(IdFile(path)));
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_object() && json.contains("run") && json["run"].is_string()) {
    const Result<uint64_t> id = ParseHex(json["run"].get<std::string>());
    if (id.ok() && *id != 0) return *id;
  }
  return DataLoss(IdFile(path).string() +
                  " holds no run id: restore it, or begin a new run with --clean");
}

// Written beside and linked to its name, which fails when somebody was faster: then theirs counts.
Status CreateRunId(const std::filesystem::path& path) {
  uint64_t id = 0;
  while (id == 0) id = EntropyFromSystem();
  const std::filesystem::path beside = path / ("run.json." + Hex(EntropyFromSystem()));
  const nlohmann::json json = {{"run", Hex(id)}};
  COHORT_RETURN_IF_ERROR(WriteFileAtomically(beside, json.dump() + "\n"));
  const bool linked = link(beside.c_str(), IdFile(path).c_str()) == 0;
  const int error = errno;
  unlink(beside.c_str());
  if (!linked && error != EEXIST) {
    return Unavailable("cannot write " + IdFile(path).string() + ": " + std::strerror(error));
  }
  return SyncDirectory(path);
}

}  // namespace

Result<RunDirectory> RunDirectory::Prepare(const std::filesystem::path& given) {
  const std::filesystem::path path = Plain(given);
  RunDirectory run(path, 0);
  for (const auto& part : {path, run.logs(), run.endpoints(), run.checkpoints()}) {
    COHORT_RETURN_IF_ERROR(MakeDirectories(part));
  }
  if (mkdir(run.sockets().c_str(), 0700) != 0 && errno != EEXIST) {
    return InvalidArgument("cannot make the directory " + run.sockets().string() + ": " +
                           std::strerror(errno));
  }
  if (!HoldsRun(path)) COHORT_RETURN_IF_ERROR(CreateRunId(path));
  return Open(path);
}

Result<RunDirectory> RunDirectory::Open(const std::filesystem::path& given) {
  const std::filesystem::path path = Plain(given);
  if (!HoldsRun(path)) {
    return NotFound(path.string() + " holds no run (there is no run.json in it)");
  }
  COHORT_ASSIGN_OR_RETURN(const uint64_t id, ReadRunId(path));
  return RunDirectory(path, id);
}

bool RunDirectory::HoldsRun(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(IdFile(path), ignored);
}

Status RunDirectory::Clean(const std::filesystem::path& given) {
  const RunDirectory run(Plain(given), 0);
  // The id goes last: until then the directory still holds a run.
  for (const auto& part :
       {run.config(), run.logs(), run.sockets(), run.endpoints(), run.checkpoints(), run.metrics(),
        run.samples(), run.path() / "trained.jsonl", run.path() / "versions.jsonl",
        run.path() / "evaluations", run.path() / "curve.svg", IdFile(run.path())}) {
    std::error_code error;
    std::filesystem::remove_all(part, error);
    if (error) {
      return Unavailable("cannot remove " + part.string() + ": " + error.message());
    }
  }
  return {};
}

}  // namespace cohort
