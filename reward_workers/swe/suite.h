// One run of an instance's tests: what is started in the box, and what its traces say afterwards.
//
// The tests run in the process of the code that they test, so their word alone is worth little. Of
// pytest three traces must agree: the records of a plug-in of ours (cohort_report.py, on stderr,
// each with a word that is new for every run), the log's own summary, and the exit code. Tests that
// must fail are mixed in among the others: one that passes shows that somebody makes tests pass.
// For other formats log and exit code must agree. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "reward_workers/sandbox/sandbox_spec.h"
#include "reward_workers/swe/environment.h"
#include "reward_workers/swe/test_log.h"

namespace cohort {

// Where the sources lie in the box; below /work.
inline constexpr char kTreeFolder[] = "tree";

struct SuitePlan {
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::map<std::string, std::string> tests;  // files of the tree, with the sentinels in them
  std::vector<std::string> sentinels;        // ids of the tests that must fail
  std::string
      word;  // of the plug-in's records; empty: there are none, and stderr is part of the log
};

// `tests`: the graded files as they must be; those that `graded` tests (ids) lie in get sentinels.
// `seed` decides names and words.
SuitePlan PlanSuite(const SweEnvironment& environment, std::map<std::string, std::string> tests,
                    const std::vector<std::string>& graded, uint64_t seed);

struct SuiteResult {
  std::map<std::string, TestStatus> tests;  // without the sentinels
  bool whole = false;                       // the suite came to its end, and its traces agree
  std::optional<std::string> tampered;      // how it shows
  std::string problem;                      // why it is not whole; one line
};

SuiteResult ReadSuite(const SweEnvironment& environment, const SuitePlan& plan,
                      const SandboxResult& result);

}  // namespace cohort
