// What every scorer must stand, whatever it is made of: `cohort scorer test`.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/config/config.h"
#include "reward_workers/tool/rows.h"

namespace cohort {

struct Check {
  std::string name;
  bool passed = false;
  std::string detail;  // why not, or what was seen; may be empty
};

struct ConformanceSuite {
  ScorerConfig scorer;
  std::vector<LanguageConfig> languages;
  std::vector<ScorerRow> rows;  // examples; at least one
  Duration limit;               // of one answer
};

// Starts the scorer and checks it, telling each check as it is done: that it starts; that it judges
// each example, as expected where that is said; twice the same, alone and beside others; that it
// stands an empty completion and answer, a long one, odd characters, zero bytes; that every value
// is finite; that no answer took longer than the limit; that it says nothing unasked. True when all
// passed.
bool CheckConformance(const ConformanceSuite& suite, const std::function<void(const Check&)>& tell);

}  // namespace cohort
