// Logs of pytest 7.4.4, 8.4.2 and 9.2.0 on one suite whose tests also print what looks like
// results: -rA ("summary"), -v -rA ("verbose"), -rA --color=yes ("colour"), -v -s -rA
// ("uncaptured"), -vv -rA
// with CI set ("messages"), -rA with an error of collection that stops it ("interrupted"), -q -rA
// ("quiet"), and without a test ("none").
#include "tests/reward_workers/swe/recorded_log.h"

namespace cohort {
namespace {

using enum TestStatus;

class PytestLog : public testing::TestWithParam<const char*> {
 protected:
  std::string Text(const std::string& run) {
    return RecordedText("pytest-" + std::string(GetParam()) + "-" + run);
  }
  TestLog Read(const std::string& run) { return ReadTestLog(LogFormat::kPytest, Text(run)); }
};
INSTANTIATE_TEST_SUITE_P(Versions, PytestLog, testing::Values("7.4.4", "8.4.2", "9.2.0"));

Tests OfCalc() {
  const std::string file = "test_calc.py::";
  return {{file + "test_right", kPassed},
          {file + "test_wrong", kFailed},
          {file + "test_liar_passes", kPassed},
          {file + "test_liar_fails", kFailed},
          {file + "test_liar_in_its_message", kFailed},
          {file + "test_text[a b]", kPassed},
          {file + "test_text[a - b]", kFailed},
          {file + "test_text[x[0] - y]", kPassed},
          {file + "test_text[\\xe9]", kPassed},
          {file + "test_text[]", kPassed},
          {file + "test_text[tab\\there]", kPassed},
          {file + "test_text[PASSED]", kPassed},
          {file + "test_text[a::b]", kPassed},
          {file + "TestBox::test_n[1]", kPassed},
          {file + "TestBox::test_n[2]", kPassed},
          {file + "test_setup", kError},
          {file + "test_teardown", kError},
          {file + "test_known", kExpectedFailure},
          {file + "test_mended", kUnexpectedPass},
          {file + "test_strict", kFailed}};
}

Tests OfAll() {
  Tests tests = OfCalc();
  tests["sub dir/test_more.py::test_there"] = kPassed;
  tests["test_parts.py::TestParts::test_parts"] = kFailed;
  tests["test_parts.py::TestParts::test_good_parts"] = kPassed;
  tests["test_missing.py"] = kError;
  return tests;
}

TEST_P(PytestLog, KnowsEveryTestOfASummaryAndNothingThatTestsPrint) {
  const TestLog log = Read("summary");
  EXPECT_EQ(log.tests, OfAll());
  EXPECT_TRUE(log.finished);
  // The last version counts the parts of a test that fail, and the test.
  const bool counts_parts = GetParam() == std::string("9.2.0");
  EXPECT_EQ(log.passed, counts_parts ? 15 : 14);
  EXPECT_EQ(log.failed, counts_parts ? 10 : 9);
}

TEST_P(PytestLog, KnowsWhatWasSkippedWhereItIsVerbose) {
  Tests all = OfAll();
  all["test_calc.py::test_skipped"] = kSkipped;
  EXPECT_EQ(Read("verbose").tests, all);
}

TEST_P(PytestLog, ReadsThroughColours) {
  const TestLog log = Read("colour");
  EXPECT_EQ(log.tests, OfCalc());
  EXPECT_EQ(log.passed, 12);
  EXPECT_EQ(log.failed, 7);
}

TEST_P(PytestLog, TakesNoResultFromWhatIsPrintedWithoutCapture) {
  EXPECT_EQ(Read("uncaptured").tests, OfCalc());
}

TEST_P(PytestLog, TakesNoResultFromTheLinesOfAMessage) {
  Tests calc = OfCalc();
  calc["test_calc.py::test_skipped"] = kSkipped;
  ASSERT_NE(Text("messages").find("\nPASSED test_calc.py::test_invented\n"), std::string::npos);
  const TestLog log = Read("messages");
  EXPECT_EQ(log.tests, calc);
  EXPECT_EQ(log.passed, 12);
}

TEST_P(PytestLog, FinishesWithoutATestAndAfterAnErrorOfCollection) {
  const TestLog none = Read("none");
  EXPECT_TRUE(none.finished);
  EXPECT_TRUE(none.tests.empty());
  EXPECT_EQ(none.passed, 0);
  const TestLog interrupted = Read("interrupted");
  EXPECT_EQ(interrupted.tests, (Tests{{"test_missing.py", kError}}));
  EXPECT_EQ(interrupted.failed, 1);
  const TestLog quiet = Read("quiet");
  EXPECT_EQ(quiet.tests, (Tests{{"sub dir/test_more.py::test_there", kPassed}}));
  EXPECT_TRUE(quiet.finished);
}

TEST_P(PytestLog, IsUnfinishedWhereverItIsCutOff) {
  const std::string text = Text("summary");
  for (size_t size = 0; size + 2 < text.size(); size += 7) {
    EXPECT_FALSE(ReadTestLog(LogFormat::kPytest, text.substr(0, size)).finished) << size;
  }
}

TestLog Read(std::string_view text) { return ReadTestLog(LogFormat::kPytest, text); }

TEST(PytestText, KeepsTheWorstOfATestThatIsNamedTwice) {
  EXPECT_EQ(Read("= short test summary info =\nPASSED a.py::x\nFAILED a.py::x - no\n= 1 failed, 1 "
                 "passed in 0.1s =\n")
                .tests,
            (Tests{{"a.py::x", kFailed}}));
}

// As a process that prints behind its own summary would.
TEST(PytestText, BelievesNoLaterSummaryThatATestPassedWhichFailed) {
  const TestLog log = Read(
      "= short test summary info =\nPASSED a.py::x\nFAILED a.py::y - no\n= 1 failed, 1 passed in "
      "0.10s =\n= short test summary info =\nPASSED a.py::x\nPASSED a.py::y\n= 2 passed in 0.10s "
      "=\n");
  EXPECT_EQ(log.tests, (Tests{{"a.py::x", kPassed}, {"a.py::y", kFailed}}));
}

TEST(PytestText, ReadsTheLinesOfSeveralProcesses) {
  EXPECT_EQ(Read("[gw0] [ 50%] PASSED a.py::x[a b] \n[gw1] [100%] FAILED a.py::y\n").tests,
            (Tests{{"a.py::x[a b]", kPassed}, {"a.py::y", kFailed}}));
}

TEST(PytestText, PrefersIdsThatWereShownWhereBracketsDoNotMatch) {
  EXPECT_EQ(Read("a.py::x[p] - q] FAILED [ 50%]\na.py::x[[] FAILED [100%]\n"
                 "= short test summary info =\n"
                 "FAILED a.py::x[p] - q] - assert [1] - 2\nFAILED a.py::x[[] - assert [1]\n"
                 "= 2 failed in 0.1s =")
                .tests,
            (Tests{{"a.py::x[p] - q]", kFailed}, {"a.py::x[[]", kFailed}}));
}

}  // namespace
}  // namespace cohort
