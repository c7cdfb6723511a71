// What a run of the tests is worth: resolved or not. Source: SWE-bench (arXiv 2310.06770): every
// FAIL_TO_PASS test passes now, and every PASS_TO_PASS test still does. Here only a pass is
// a pass: no test that is missing, skipped, or said to be expected to fail (the patch could say
// so). Pure.
#pragma once

#include <string>
#include <vector>

#include "reward_workers/swe/instance.h"
#include "reward_workers/swe/suite.h"

namespace cohort {

struct SweGrade {
  bool resolved = false;
  size_t fixed = 0;                  // of fail_to_pass
  size_t kept = 0;                   // of pass_to_pass
  std::vector<std::string> missing;  // tests that should pass and do not, the first few
};

SweGrade GradeSuite(const SweInstance& instance, const SuiteResult& suite);

// "2 of 3 fixed, 190 of 190 kept; not passed: a, b".
std::string Describe(const SweInstance& instance, const SweGrade& grade);

}  // namespace cohort
