// Logs of go 1.19 on a module with a package that fails and panics, a good one, one that does not
// build and one without tests: `go test -v ./...` ("verbose"), without -v ("plain"), one package
// without the test that panics ("no-panic"), and the good one ("good").
#include "tests/reward_workers/swe/recorded_log.h"

namespace cohort {
namespace {

using enum TestStatus;

TestLog Read(std::string_view text) { return ReadTestLog(LogFormat::kGo, text); }

Tests OfCalc() {
  return {{"TestRight", kPassed},    {"TestWrong", kFailed},    {"TestSkipped", kSkipped},
          {"TestLiar", kPassed},     {"TestLogger", kPassed},   {"TestMany", kFailed},
          {"TestMany/a_b", kPassed}, {"TestMany/a/b", kPassed}, {"TestMany/c", kFailed},
          {"TestParallel", kPassed}, {"ExampleRight", kPassed}, {"TestParallel/part", kPassed}};
}

TEST(GoLog, KnowsEveryTestAndNothingThatTestsPrint) {
  const TestLog log = Read(RecordedText("go-1.19-no-panic"));
  EXPECT_EQ(log.tests, OfCalc());
  EXPECT_TRUE(log.finished);
  EXPECT_FALSE(log.passed.has_value());
  EXPECT_EQ(Read(RecordedText("go-1.19-good")).tests, (Tests{{"TestRight", kPassed}}));
  EXPECT_TRUE(Read(RecordedText("go-1.19-good")).finished);
}

TEST(GoLog, CountsWhatAPanicLeftWithoutAResultAsAnError) {
  Tests wanted = OfCalc();
  wanted.erase("ExampleRight");
  wanted.erase("TestParallel/part");
  wanted["TestParallel"] = kError;  // was waiting for the others
  wanted["TestPanics"] = kFailed;
  const TestLog log = Read(RecordedText("go-1.19-verbose"));
  EXPECT_EQ(log.tests, wanted);
  EXPECT_TRUE(log.finished);
}

TEST(GoLog, KnowsOnlyFailuresWithoutV) {
  // TestMany's own line is hidden behind what a test printed without an end of line.
  EXPECT_EQ(Read(RecordedText("go-1.19-plain")).tests,
            (Tests{{"TestWrong", kFailed}, {"TestMany/c", kFailed}, {"TestPanics", kFailed}}));
}

TEST(GoLog, TakesTheWorstOfATestThatSeveralPackagesHave) {
  EXPECT_EQ(Read("=== RUN   TestA\n--- FAIL: TestA (0.00s)\nFAIL\nFAIL\ta\t0.1s\n"
                 "=== RUN   TestA\n--- PASS: TestA (0.00s)\nPASS\nok  \tb\t0.1s\nFAIL\n")
                .tests,
            (Tests{{"TestA", kFailed}}));
}

TEST(GoLog, BelievesNoTestThatStartsUnderAnother) {
  EXPECT_EQ(Read("=== RUN   TestA\n=== RUN   TestB\n--- PASS: TestB (0.00s)\n--- PASS: TestA "
                 "(0.00s)\nPASS\nok  \ta\t0.1s\n")
                .tests,
            (Tests{{"TestA", kPassed}}));
}

TEST(GoLog, IsUnfinishedUntilItsPackageEnds) {
  const std::string text = RecordedText("go-1.19-no-panic");
  const size_t end = text.find("\nFAIL\t");
  ASSERT_NE(end, std::string::npos);
  for (size_t size = 0; size <= end; size += 7) {
    EXPECT_FALSE(Read(text.substr(0, size)).finished) << size;
  }
}

}  // namespace
}  // namespace cohort
