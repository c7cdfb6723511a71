// Logs of `python -m unittest -v` of Python 3.11 on a suite with failures of all kinds,
// descriptions and tests that print what looks like results: all of it, with -b ("buffer"), and two
// tests ("good").
#include "tests/reward_workers/swe/recorded_log.h"

namespace cohort {
namespace {

using enum TestStatus;

TestLog Read(std::string_view text) { return ReadTestLog(LogFormat::kUnittest, text); }

TEST(UnittestLog, KnowsEveryTestByNameAndDescription) {
  const auto id = [](const std::string& name) { return name + " (test_calc.Calc." + name + ")"; };
  const Tests wanted = {{id("test_right"), kPassed},
                        {id("test_described"), kPassed},
                        {"Adds what it is given ... ok", kPassed},
                        {id("test_described_wrong"), kFailed},
                        {"A line of words.", kFailed},
                        {id("test_wrong"), kFailed},
                        {id("test_broken"), kError},
                        {id("test_skipped"), kSkipped},
                        {id("test_known"), kExpectedFailure},
                        {id("test_mended"), kUnexpectedPass},
                        {id("test_liar"), kPassed},
                        {id("test_liar_on_stderr"), kPassed},
                        {id("test_many"), kFailed},
                        {"setUpClass (test_calc.Unset)", kError},
                        {"test_missing (unittest.loader._FailedTest.test_missing)", kError}};
  for (const char* run : {"unittest-3.11-verbose", "unittest-3.11-buffer"}) {
    const TestLog log = Read(RecordedText(run));
    EXPECT_EQ(log.tests, wanted) << run;
    EXPECT_TRUE(log.finished);
    EXPECT_EQ(log.failed, 7);
    EXPECT_FALSE(log.passed.has_value());
  }
  const TestLog good = Read(RecordedText("unittest-3.11-good"));
  EXPECT_TRUE(good.finished);
  EXPECT_EQ(good.failed, 0);
  EXPECT_EQ(good.tests.size(), 3);
}

TEST(UnittestLog, BelievesNothingThatATestPrintsBeforeItsOwnStatus) {
  EXPECT_EQ(Read("a (m.C.a) ... hello\nb (m.C.b) ... ok\nok\nc (m.C.c) ... FAIL\n").tests,
            (Tests{{"a (m.C.a)", kPassed}, {"c (m.C.c)", kFailed}}));
}

TEST(UnittestLog, LosesOnlyTheTestWhoseStatusItsOutputHides) {
  EXPECT_EQ(Read("a (m.C.a) ... no end of linelook\nb (m.C.b) ... ok\nc (m.C.c) ... ok\n").tests,
            (Tests{{"b (m.C.b)", kPassed}, {"c (m.C.c)", kPassed}}));
}

TEST(UnittestLog, ReadsNamesAsOlderPythonsAndDjangoWriteThem) {
  const TestLog log = Read(
      "Testing against Django installed in '/suite/django' with up to 2 processes\n"
      "test_a (forms.tests.FormTests) ... ok\n"
      "test_b (forms.tests.FormTests)\n#1234 -- words ... ok\n"
      "test_c (forms.tests.FormTests) ... skipped 'no - way ... ok'\n\n" +
      std::string(70, '-') + "\nRan 3 tests in 0.123s\n\nOK (skipped=1)\n");
  EXPECT_EQ(log.tests, (Tests{{"test_a (forms.tests.FormTests)", kPassed},
                              {"test_b (forms.tests.FormTests)", kPassed},
                              {"#1234 -- words", kPassed},
                              {"test_c (forms.tests.FormTests)", kSkipped}}));
  EXPECT_TRUE(log.finished);
}

TEST(UnittestLog, IsUnfinishedWhereverItIsCutOff) {
  const std::string text = RecordedText("unittest-3.11-verbose");
  for (size_t size = 0; size + 2 < text.size(); size += 7) {
    EXPECT_FALSE(Read(text.substr(0, size)).finished) << size;
  }
}

}  // namespace
}  // namespace cohort
