// What the results of a program's tests are worth together. Pure; a value.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/scoring/verdict.h"
#include "reward_workers/code/code_task.h"

namespace cohort {

enum class TestEnd {
  kAccepted,      // AC
  kWrongAnswer,   // WA
  kTimeLimit,     // TLE
  kMemoryLimit,   // MLE
  kOutputLimit,   // OLE
  kRuntimeError,  // RE
  kCompileError,  // CE: of the program, before any test
};
std::string_view TestEndName(TestEnd end);  // "AC", …
std::optional<TestEnd> TestEndFromName(std::string_view name);

enum class CodeCredit {
  kAll,       // 1 when every test is accepted, else 0
  kFraction,  // the weights of the accepted tests over those of all
  kSubtasks,  // the weights of subtasks whose every test is accepted over those of all
};
Result<CodeCredit> ParseCodeCredit(std::string_view name);  // "all", "fraction", "subtasks"

class CodeGrade {
 public:
  // The weights and subtasks of the tests, in their order; at least one.
  struct Test {
    double weight = 1;
    std::string subtask;  // empty: a subtask of its own
  };
  CodeGrade(std::vector<Test> tests, CodeCredit credit);

  // The next test ended so; a compile error, or what ends the program for good, stands for all that
  // are left.
  void Add(TestEnd end, std::string detail);
  void AddForAllLeft(TestEnd end, std::string detail);
  // No test that is left can change the value.
  bool settled() const;
  size_t next() const { return ends_.size(); }  // test to run
  bool done() const { return ends_.size() == tests_.size(); }

  // Graded by what was added; tests that were not run count as not accepted. A value of 0 whose
  // first failure was no wrong answer is the model's failure of that kind.
  Verdict Finish() const;

 private:
  double Value() const;

  std::vector<Test> tests_;
  CodeCredit credit_;
  std::vector<TestEnd> ends_;
  std::string first_failure_;  // for people
};

// The tests of a task as CodeGrade wants them.
std::vector<CodeGrade::Test> TestsOf(const CodeTask& task);

}  // namespace cohort
