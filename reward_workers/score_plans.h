// Which scorers judge a rollout, and how their verdicts compose: by the names that its prompt
// lists. Belongs to the worker's thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "libs/scoring/composition.h"
#include "reward_workers/scorer.h"

namespace cohort {

// What a scorer's configuration says about its place among others.
ComponentRule RuleOf(const ScorerConfig& config);

struct ScorePlan {
  std::shared_ptr<const Composition> composition;
  std::vector<Scorer*> scorers;       // of each rule of the composition
  Duration limit = Duration::zero();  // all of them one after another
  size_t places = 0;                  // of its scorer that works on the most rollouts at once
};

class ScorePlans {
 public:
  // Makes every scorer and checks the lists of all routes and of the evaluation.
  static Result<ScorePlans> Create(const Config& config, const ScorerContext& context);

  // Fails for names that are not configured or do not compose.
  Result<std::shared_ptr<const ScorePlan>> Find(const std::vector<std::string>& names);

 private:
  ScorePlans() = default;

  std::map<std::string, ComponentRule> rules_;
  std::map<std::string, std::unique_ptr<Scorer>> scorers_;
  std::map<std::vector<std::string>, std::shared_ptr<const ScorePlan>> plans_;  // few, bounded
};

}  // namespace cohort
