// Golds that the scorers of a prompt file cannot read.
#pragma once

#include <string>
#include <vector>

#include "learner/prompt_source.h"
#include "libs/config/config.h"

namespace cohort {

// One line each, naming file and line, the first few in full (libs/math/gold_report.h). `scorers`
// are names; without one of kind math there is nothing to say. Takes microseconds a prompt.
std::vector<std::string> GoldWarnings(const Config& config, const std::string& file,
                                      const std::vector<std::string>& scorers,
                                      const PromptSource& prompts);

}  // namespace cohort
