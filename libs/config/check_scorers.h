// Whether the scorers of a configuration fit together. For libs/config/check.cc only.
#pragma once

#include <string>
#include <vector>

#include "libs/config/config.h"

namespace cohort {

// [[scorers]], one by one and in the order in which they must be asked.
void CheckScorers(const Config& config, std::vector<std::string>& problems);

// A list of scorers that judges together, of a route or of the evaluation; `key` names the list.
void CheckScorerList(const Config& config, const std::string& key,
                     const std::vector<std::string>& names, bool for_training,
                     std::vector<std::string>& problems);

// Seconds: the longest that a configured delay holds one of these scorers up.
double LongestDelay(const Config& config, const std::vector<std::string>& names);

}  // namespace cohort
