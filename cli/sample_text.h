// A rollout for people: a row of samples.jsonl as text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace cohort {

// Prompt, completion, reward with its components, outcome, versions, length. Missing parts are left
// out.
std::string SampleText(const nlohmann::json& row);

}  // namespace cohort
