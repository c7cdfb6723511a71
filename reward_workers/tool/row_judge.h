// Judges rows as a reward worker judges rollouts: a scorer behind its gates, with weight and clamp.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "libs/scoring/composition.h"
#include "reward_workers/tool/rows.h"
#include "reward_workers/tool/workbench.h"

namespace cohort {

// What is said about a row.
struct RowVerdict {
  std::optional<double> reward;  // weight × value; nothing when masked or not applicable
  std::string outcome;           // "graded", …, "not_applicable"
  std::vector<RewardComponent> components;  // the scorer, then its gates
  std::string reason;                       // one line for people; may be empty
  std::string evidence;                     // some lines; may be empty
  double milliseconds = 0;
  bool cut = false;  // the value was outside of [minimum, maximum]
};

class RowJudge {
 public:
  // Makes the scorer, the first of these, and its gates. Gates add nothing to the reward here.
  static Result<RowJudge> Create(Workbench* bench, const std::vector<ScorerConfig>& scorers);

  // A row under way; destroying it cancels.
  class Task {
   public:
    virtual ~Task() = default;
    virtual const std::optional<RowVerdict>& verdict() const = 0;  // once it is there
  };
  // The row stays where it is while the task lives.
  std::unique_ptr<Task> Start(const ScorerRow& row);

  // Rows that the scorer asked for works on at once (scorer.h).
  size_t Places() const { return scorers_.front()->Places(); }

  // Fails for a row without the tokens that are read.
  Status CheckRow(const ScorerRow& row) const;

 private:
  class RowTask;

  Workbench* bench_ = nullptr;
  std::shared_ptr<const Composition> composition_;
  std::vector<std::unique_ptr<Scorer>> scorers_;
};

}  // namespace cohort
