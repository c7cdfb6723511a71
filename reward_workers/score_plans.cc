#include "reward_workers/score_plans.h"

#include <utility>

namespace cohort {
namespace {

// A run has a handful of lists; a peer that sends ever new ones does not fill the memory.
constexpr size_t kMaxPlans = 256;

}  // namespace

ComponentRule RuleOf(const ScorerConfig& config) {
  ComponentRule rule;
  rule.name = config.name;
  rule.weight = config.weight;
  rule.gates = config.requires_;
  rule.right_by = config.right_by;
  rule.passes = config.passes;
  rule.minimum = config.minimum;
  rule.maximum = config.maximum;
  return rule;
}

Result<ScorePlans> ScorePlans::Create(const Config& config, const ScorerContext& context) {
  ScorePlans plans;
  for (const ScorerConfig& scorer : config.scorers) {
    COHORT_ASSIGN_OR_RETURN(plans.scorers_[scorer.name], MakeScorer(scorer, context));
    plans.rules_[scorer.name] = RuleOf(scorer);
  }
  for (const RouteConfig& route : config.routes) {
    const auto plan = plans.Find(route.scorers);
    if (!plan.ok()) return plan.status().WithContext("routes." + route.name + ".scorers");
  }
  if (!config.evaluation.scorers.empty()) {
    const auto plan = plans.Find(config.evaluation.scorers);
    if (!plan.ok()) return plan.status().WithContext("evaluation.scorers");
  }
  return plans;
}

Result<std::shared_ptr<const ScorePlan>> ScorePlans::Find(const std::vector<std::string>& names) {
  if (const auto found = plans_.find(names); found != plans_.end()) return found->second;
  auto plan = std::make_shared<ScorePlan>();
  std::vector<ComponentRule> rules;
  for (const std::string& name : names) {
    const auto scorer = scorers_.find(name);
    if (scorer == scorers_.end()) {
      return NotFound("scorer \"" + name + "\" is not in this worker's configuration; add it to " +
                      "[[scorers]], and give all processes the same file");
    }
    rules.push_back(rules_.at(name));
    plan->scorers.push_back(scorer->second.get());
    plan->limit += scorer->second->Limit();
    const size_t places = scorer->second->Places();
    if (places > 0 && (plan->places == 0 || places < plan->places)) plan->places = places;
  }
  COHORT_ASSIGN_OR_RETURN(Composition composition, Composition::Create(std::move(rules)));
  plan->composition = std::make_shared<const Composition>(std::move(composition));
  if (plans_.size() >= kMaxPlans) plans_.clear();
  plans_[names] = plan;
  return std::shared_ptr<const ScorePlan>(std::move(plan));
}

}  // namespace cohort
