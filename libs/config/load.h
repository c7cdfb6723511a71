// Reading, checking, writing and describing the configuration.
//
// All of it is made from the one table in libs/config/schema.cc. Messages are one line that names
// where the value was written (file:line:column, an environment variable, an override), the key,
// and the cure. Paths in a configuration are relative to the current directory (the root of the
// repository), not to the file. Pure but for reading the files and the environment; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/config/config.h"

namespace cohort {

struct ConfigSources {
  std::vector<std::string> files;  // left to right: later ones win; [[tables]] replace whole lists
  // "--section.key=value" or "section.key=value". Entries of lists are named by index or name:
  // "routes.main.max_staleness=2", "stages.1.steps=5".
  std::vector<std::string> overrides;
  bool environment = true;  // COHORT_SECTION__KEY, COHORT_ROUTES__MAIN__MAX_STALENESS
};

// Defaults ‹ files ‹ environment ‹ overrides. Unknown keys, wrong types and values out of bounds
// are errors; whether the values fit together is CheckConfig's question.
Result<Config> LoadConfig(const ConfigSources& sources);

// Sets a key of one scorer as [[scorers]] would: for `cohort score --set`. A list takes each of the
// values as an item, or a single one as TOML writes a list.
Status SetScorerKey(ScorerConfig& scorer, const std::string& key,
                    const std::vector<std::string>& values);

// Everything that would fail at run time and can be known from the values alone: one line each.
std::vector<std::string> ConfigProblems(const Config& config);
// The first of them, with the number of the others.
Status CheckConfig(const Config& config);

// Every key with its value, as TOML: loads to the same Config again.
std::string ConfigToToml(const Config& config);

// Markdown of every key with default, bounds and words: docs/configuration.md.
std::string ConfigReference();

}  // namespace cohort
