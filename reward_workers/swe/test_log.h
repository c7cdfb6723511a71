// What a run of a test suite said of each test, read from what it printed.
//
// The log comes from processes that ran a model's code: any bytes, of any length, cut off anywhere.
// A reader tells the suite's own lines from what tests print where the format lets it, and where
// two lines disagree about a test the worse one counts, so that printing cannot turn a failure into
// a pass. It cannot know that a suite ran at all: whoever controls the process can print a whole
// log. Score by the exact ids that must be there, with the exit status beside them.
//
// Pure; safe from any thread. Time and memory linear in the log, but for the map's order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace cohort {

enum class TestStatus : uint8_t {
  kPassed,
  kFailed,
  kError,
  kSkipped,
  kExpectedFailure,
  kUnexpectedPass,
};
// Passed, expected failure, skipped, unexpected pass, failed, error: the later one.
TestStatus WorseOf(TestStatus a, TestStatus b);
std::string_view TestStatusName(TestStatus status);  // "passed", …

// How ids are written, and what to run:
//
//   kPytest    path::Class::name[parameters]            pytest -rA, best with -v. Several summaries
//              in one log: the last one's ids, of each the worst that any says. SKIPPED lines of a
//              summary name no test: only -v does.
//   kUnittest  name (module.Class.name), as printed     python -m unittest -v, Django's runner. A
//              test with a description is known by its line too, as SWE-bench writes ids.
//   kCtest     the test's name                          ctest, in any mode
//   kGo        TestName/subtest, of packages together   go test -v; without -v only failures show
//   kNode      suite > suite > name                     node --test, tap (prints are told apart) or
//              spec (they are not)
//   kCargo     module::name, without " - should panic"  cargo test --no-fail-fast
enum class LogFormat { kPytest, kUnittest, kCtest, kGo, kNode, kCargo };
// "pytest", "unittest", "ctest", "go", "node", "cargo".
Result<LogFormat> ParseLogFormat(std::string_view name);

struct TestLog {
  std::map<std::string, TestStatus> tests;  // by exact id; of duplicates the worst
  bool finished = false;  // the suite said itself that it ran to its end (its summary line)
  std::optional<uint64_t> passed;  // counts of the summary, where it has them: pytest, ctest, node,
  std::optional<uint64_t> failed;  // cargo; of unittest only this one. Errors are failures.

  void Add(std::string_view id, TestStatus status);
};
TestLog ReadTestLog(LogFormat format, std::string_view log);

}  // namespace cohort
