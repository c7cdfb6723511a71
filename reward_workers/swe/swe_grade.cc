#include "reward_workers/swe/swe_grade.h"

#include "libs/scoring/verdict.h"

namespace cohort {
namespace {

constexpr size_t kMostNamed = 3;

bool Passes(const SuiteResult& suite, const std::string& test) {
  const auto found = suite.tests.find(test);
  return found != suite.tests.end() && found->second == TestStatus::kPassed;
}

size_t CountPassing(const std::vector<std::string>& tests, const SuiteResult& suite,
                    std::vector<std::string>& missing) {
  size_t passing = 0;
  for (const std::string& test : tests) {
    if (Passes(suite, test)) {
      ++passing;
    } else if (missing.size() < kMostNamed) {
      missing.push_back(test);
    }
  }
  return passing;
}

}  // namespace

SweGrade GradeSuite(const SweInstance& instance, const SuiteResult& suite) {
  SweGrade grade;
  grade.fixed = CountPassing(instance.fail_to_pass, suite, grade.missing);
  grade.kept = CountPassing(instance.pass_to_pass, suite, grade.missing);
  grade.resolved = suite.whole && !suite.tampered && grade.fixed == instance.fail_to_pass.size() &&
                   grade.kept == instance.pass_to_pass.size();
  return grade;
}

std::string Describe(const SweInstance& instance, const SweGrade& grade) {
  std::string text = std::to_string(grade.fixed) + " of " +
                     std::to_string(instance.fail_to_pass.size()) + " fixed, " +
                     std::to_string(grade.kept) + " of " +
                     std::to_string(instance.pass_to_pass.size()) + " kept";
  for (size_t i = 0; i < grade.missing.size(); ++i) {
    text += (i == 0 ? "; not passed: " : ", ") + Quoted(grade.missing[i], 100);
  }
  return text;
}

}  // namespace cohort
