// Which scorer a command line means.
#pragma once

#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/config/config.h"

namespace CLI {
class App;
}

namespace cohort {

struct ScorerWords {
  std::vector<std::string> scorer;     // a name, a kind, or what a plug-in is made of
  std::vector<std::string> settings;   // "key=value"
  std::vector<std::string> files;      // of configuration
  std::vector<std::string> overrides;  // "--section.key=value"
};

// Adds --set and --config.
void AddSettings(CLI::App& command, ScorerWords& words);

struct ChosenScorer {
  std::vector<ScorerConfig> scorers;      // it, and then those that it asks
  std::vector<LanguageConfig> languages;  // of programs, beside the known ones
};

// The scorer of a configuration with that name, and then the gates that it requires, directly or
// through others; or, without files, a scorer of its own:
//   a kind ("exact", "python", …)       the keys come from the settings
//   NAME.py, NAME.py:FUNCTION, MODULE:FUNCTION     kind python
//   NAME.so                             kind library
//   http://… or https://…               kind http
//   several words, or a path            kind process
// Failures name the key and the cure.
Result<ChosenScorer> ChooseScorer(const ScorerWords& words);

bool AsksOutside(const ScorerConfig& config);   // it runs outside of the worker
bool AsksService(const ScorerConfig& config);   // … by requests
bool HasProcesses(const ScorerConfig& config);  // … in children

}  // namespace cohort
