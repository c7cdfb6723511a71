#include "reward_workers/score_plans.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "libs/run/prompt_file.h"

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

namespace {

// Columns that a scorer reads and that no row of the route has: a parameter's name that is wrong,
// most likely. Where the file is on another machine, rollouts tell.
Status CheckColumns(const RouteConfig& route, const ScorePlan& plan) {
  std::vector<PromptRow> rows;
  std::error_code error;
  for (const Scorer* scorer : plan.scorers) {
    for (const std::string& column : scorer->Wants().columns) {
      if (route.train.empty() || !std::filesystem::exists(route.train, error)) return {};
      if (rows.empty()) {
        COHORT_ASSIGN_OR_RETURN(rows, ReadPromptFile(route.train));
      }
      const std::string key = "\"" + column + "\":";
      const bool somewhere = std::ranges::any_of(
          rows, [&](const PromptRow& row) { return row.columns.find(key) != std::string::npos; });
      if (somewhere) continue;
      return InvalidArgument("scorer \"" + scorer->name() + "\" reads a column \"" + column +
                             "\", which no row of " + route.train +
                             " has; correct the name, or add the column");
    }
  }
  return {};
}

}  // namespace

Result<ScorePlans> ScorePlans::Create(const Config& config, const ScorerContext& context) {
  ScorePlans plans;
  for (const ScorerConfig& scorer : config.scorers) {
    COHORT_ASSIGN_OR_RETURN(plans.scorers_[scorer.name], MakeScorer(scorer, context));
    plans.rules_[scorer.name] = RuleOf(scorer);
  }
  for (const RouteConfig& route : config.routes) {
    const auto plan = plans.Find(route.scorers);
    const Status fits = plan.ok() ? CheckColumns(route, **plan) : plan.status();
    if (!fits.ok()) return fits.WithContext("routes." + route.name + ".scorers");
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
    plan->places = std::max(plan->places, scorer->second->Places());
  }
  COHORT_ASSIGN_OR_RETURN(Composition composition, Composition::Create(std::move(rules)));
  plan->composition = std::make_shared<const Composition>(std::move(composition));
  if (plans_.size() >= kMaxPlans) plans_.clear();
  plans_[names] = plan;
  return std::shared_ptr<const ScorePlan>(std::move(plan));
}

}  // namespace cohort
