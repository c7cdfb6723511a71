// Which processes a run needs on this machine, and how each is called.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "libs/run/run_directory.h"

namespace cohort {

struct ChildPlan {
  std::string instance;  // "learner", "broker", "actor-1", …
  std::filesystem::path program;
  std::vector<std::string> arguments;  // without the program
  std::filesystem::path log;           // both of its outputs are appended here
};

inline constexpr char kLearnerInstance[] = "learner";
inline constexpr char kBrokerInstance[] = "broker";

// $COHORT_BIN, or the directory of this program.
std::filesystem::path ProgramDirectory();

// Broker, learner, actors, reward workers; the learner alone when no stage draws rollouts. Fails
// when a program is missing.
Result<std::vector<ChildPlan>> PlanFleet(const Config& config, const RunDirectory& run,
                                         const std::filesystem::path& programs);

// This process's environment for its children: without the configuration's variables (they are part
// of the resolved file already), with OpenMP's threads bounded and not spinning.
std::vector<std::string> ChildEnvironment(const Config& config);

}  // namespace cohort
