// The checkpoints of a run: directories that appear by rename, newest last.
//
// checkpoints/stage-01-step-000020/ holds a Hugging Face model (config.json, tokenizer, and in
// model.safetensors the policy as it was published), the trainer's state with the float32 masters,
// and learner.json, which says where in the run it belongs and carries the ledger. Belongs to the
// learner's thread; others may read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "learner/evaluator.h"
#include "learner/ledger.h"
#include "libs/base/status.h"

namespace cohort {

// learner.json
struct LearnerState {
  uint64_t run = 0;
  int64_t stage_index = 0;  // of the stage to go on with
  int64_t step = 0;         // steps of it that are done
  int64_t total_steps = 0;  // of all stages
  uint64_t version = 0;     // the publication that has these weights; 0: none yet
  double saved_at = 0;      // seconds since 1970: what is on record since is undone by a resume
  Ledger ledger{0};
  std::vector<EvaluationPoint> evaluated;  // evaluations whose results are on record

  std::string ToJson() const;
  static Result<LearnerState> FromJson(const std::string& json, size_t routes);
};

class CheckpointStore {
 public:
  explicit CheckpointStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

  struct Found {
    std::filesystem::path path;
    LearnerState state;
  };
  // The newest one; nothing when there is none. Half-written ones are no checkpoints.
  Result<std::optional<Found>> Newest(size_t routes) const;

  // `write` fills a fresh directory; when it succeeds the directory appears under its name,
  // durable. Then all but the newest `keep` are removed.
  Result<std::filesystem::path> Write(
      const LearnerState& state, int64_t keep,
      const std::function<Status(const std::filesystem::path&)>& write) const;

 private:
  std::vector<std::filesystem::path> InOrder() const;
  void RemovePartial() const;  // what a crash or an exchange left

  std::filesystem::path directory_;
};

}  // namespace cohort
