// What our plug-in of pytest (python/cohort_report.py) says of a run: a record a line on stderr,
// each behind a word that is new for every run. Pure; any bytes, in linear time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "reward_workers/swe/test_log.h"

namespace cohort {

struct PytestReport {
  std::map<std::string, TestStatus> tests;  // of phases that say different things the worst
  uint64_t passed = 0;      // as pytest counts: also what broke when it was taken down
  bool changed = false;     // it saw the tests' files change
  std::optional<int> exit;  // nothing: it did not come to its end
  std::string problem;      // why it is not to be believed; empty: nothing is wrong with it
};

// Lines that do not begin with the word are somebody else's.
PytestReport ReadPytestReport(std::string_view errors, std::string_view word);

}  // namespace cohort
