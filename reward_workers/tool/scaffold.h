// What a new scorer begins with, in each tier. Pure.
#pragma once

#include <string>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

enum class ScorerTier { kPython, kC, kHttp };

struct ScaffoldFile {
  std::string name;
  std::string text;
  bool shared = false;  // of several scorers: stays as it is where it stands with the same text
};

struct Scaffold {
  std::vector<ScaffoldFile> files;
  std::vector<std::string> commands;  // what to run next, in the folder, in order
  std::string toml;                   // for the configuration of a run
};

// Fails for a name that is no word.
Result<Scaffold> MakeScaffold(const std::string& name, ScorerTier tier);

}  // namespace cohort
