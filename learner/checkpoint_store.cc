#include "learner/checkpoint_store.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "libs/base/files.h"
#include "libs/base/ids.h"

namespace cohort {
namespace {

constexpr char kPartial[] = "partial-";

constexpr char kStateFile[] = "learner.json";
constexpr int kFormat = 1;

std::string NameOf(const LearnerState& state) {
  char name[64];
  std::snprintf(name, sizeof(name), "stage-%02lld-step-%06lld",
                static_cast<long long>(state.stage_index), static_cast<long long>(state.step));
  return name;
}

// Under its name, whole, at every moment: one that has the name already (a step may be saved again)
// changes places with the new one in one move.
Status PutInPlace(const std::filesystem::path& partial, const std::filesystem::path& name) {
  const bool exchanged =
      renameat2(AT_FDCWD, partial.c_str(), AT_FDCWD, name.c_str(), RENAME_EXCHANGE) == 0;
  if (exchanged || rename(partial.c_str(), name.c_str()) == 0) return {};
  return Unavailable("cannot rename " + partial.string() + ": " + std::strerror(errno));
}

}  // namespace

std::string LearnerState::ToJson() const {
  nlohmann::json done = nlohmann::json::array();
  for (const EvaluationPoint& point : evaluated) done.push_back({point.stage_index, point.step});
  return nlohmann::json{
             {"format", kFormat},          {"run", Hex(run)},
             {"stage_index", stage_index}, {"step", step},
             {"total_steps", total_steps}, {"version", version},
             {"saved_at", saved_at},       {"ledger", nlohmann::json::parse(ledger.ToJson())},
             {"evaluated", done}}
             .dump(2) +
         "\n";
}

Result<LearnerState> LearnerState::FromJson(const std::string& json, size_t routes) {
  try {
    const auto record = nlohmann::json::parse(json);
    if (record.at("format") != kFormat) {
      return FailedPrecondition("format " + record.at("format").dump() +
                                " is not known to this version");
    }
    LearnerState state;
    COHORT_ASSIGN_OR_RETURN(state.run, ParseHex(record.at("run").get<std::string>()));
    state.stage_index = record.at("stage_index");
    state.step = record.at("step");
    state.total_steps = record.at("total_steps");
    state.version = record.at("version");
    state.saved_at = record.value("saved_at", 0.0);
    COHORT_ASSIGN_OR_RETURN(state.ledger, Ledger::FromJson(record.at("ledger").dump(), routes));
    for (const auto& point : record.at("evaluated"))
      state.evaluated.push_back({point.at(0), point.at(1)});
    return state;
  } catch (const nlohmann::json::exception& error) {
    return DataLoss(error.what());
  }
}

void CheckpointStore::RemovePartial() const {
  std::vector<std::filesystem::path> partial;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, ignored)) {
    if (entry.path().filename().string().starts_with(kPartial)) partial.push_back(entry.path());
  }
  for (const auto& path : partial) std::filesystem::remove_all(path, ignored);
}

std::vector<std::filesystem::path> CheckpointStore::InOrder() const {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    if (entry.path().filename().string().starts_with("stage-") &&
        std::filesystem::exists(entry.path() / kStateFile)) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<std::optional<CheckpointStore::Found>> CheckpointStore::Newest(size_t routes) const {
  const std::vector<std::filesystem::path> all = InOrder();
  if (all.empty()) return std::optional<Found>();
  const std::filesystem::path file = all.back() / kStateFile;
  COHORT_ASSIGN_OR_RETURN(const std::string json, ReadFile(file));
  Result<LearnerState> state = LearnerState::FromJson(json, routes);
  if (!state.ok()) return state.status().WithContext(file.string());
  return std::optional<Found>({all.back(), *std::move(state)});
}

Result<std::filesystem::path> CheckpointStore::Write(
    const LearnerState& state, int64_t keep,
    const std::function<Status(const std::filesystem::path&)>& write) const {
  const std::filesystem::path final_path = directory_ / NameOf(state);
  const std::filesystem::path partial = directory_ / (kPartial + NameOf(state));
  RemovePartial();
  COHORT_RETURN_IF_ERROR(MakeDirectories(partial));
  COHORT_RETURN_IF_ERROR(write(partial));
  COHORT_RETURN_IF_ERROR(WriteFileAtomically(partial / kStateFile, state.ToJson()));
  COHORT_RETURN_IF_ERROR(PutInPlace(partial, final_path));
  COHORT_RETURN_IF_ERROR(SyncDirectory(directory_));
  RemovePartial();

  std::vector<std::filesystem::path> all = InOrder();
  const size_t kept = static_cast<size_t>(std::max<int64_t>(keep, 1));
  std::error_code ignored;
  for (size_t i = 0; i + kept < all.size(); ++i) std::filesystem::remove_all(all[i], ignored);
  return final_path;
}

}  // namespace cohort
