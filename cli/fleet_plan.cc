#include "cli/fleet_plan.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace cohort {
namespace {

bool DrawsRollouts(const Config& config) {
  return std::any_of(config.stages.begin(), config.stages.end(), [](const StageConfig& stage) {
    return stage.kind == "grpo" || stage.kind == "eval";
  });
}

bool IsReplaced(std::string_view variable) {
  const std::string_view name = variable.substr(0, variable.find('='));
  return name == "OMP_NUM_THREADS" || name == "OMP_WAIT_POLICY" ||
         (name.starts_with("COHORT_") && name.find("__") != std::string_view::npos);
}

}  // namespace

std::filesystem::path ProgramDirectory() {
  const char* given = std::getenv("COHORT_BIN");
  if (given != nullptr && *given != '\0') return given;
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

Result<std::vector<ChildPlan>> PlanFleet(const Config& config, const RunDirectory& run,
                                         const std::filesystem::path& programs) {
  std::vector<ChildPlan> plan;
  const auto add = [&](const std::string& instance, const std::string& program) {
    plan.push_back({instance,
                    programs / program,
                    {"--config", run.config().string(), "--instance", instance},
                    run.logs() / (instance + ".log")});
  };
  const bool whole_fleet = DrawsRollouts(config);
  if (whole_fleet) add(kBrokerInstance, "cohort-broker");
  add(kLearnerInstance, "cohort-learner");
  for (int64_t i = 1; whole_fleet && i <= config.fleet.actors; ++i) {
    add("actor-" + std::to_string(i), "cohort-actor");
  }
  for (int64_t i = 1; whole_fleet && i <= config.fleet.reward_workers; ++i) {
    add("reward-worker-" + std::to_string(i), "cohort-reward-worker");
  }
  for (const ChildPlan& child : plan) {
    if (access(child.program.c_str(), X_OK) != 0) {
      return NotFound("there is no program " + child.program.string() +
                      "; build it, or name its directory in COHORT_BIN");
    }
  }
  return plan;
}

std::vector<std::string> ChildEnvironment(const Config& config) {
  std::vector<std::string> environment;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    if (!IsReplaced(*variable)) environment.emplace_back(*variable);
  }
  environment.push_back("OMP_NUM_THREADS=" + std::to_string(config.model.threads));
  environment.push_back("OMP_WAIT_POLICY=passive");
  return environment;
}

}  // namespace cohort
