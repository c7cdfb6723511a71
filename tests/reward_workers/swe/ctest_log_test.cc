// Logs of ctest 3.25 on tests that end in every way, one of which prints what looks like results:
// plain, with -V ("verbose"), --output-on-failure -j2 ("failure-output"), and one test of them
// ("good").
#include "tests/reward_workers/swe/recorded_log.h"

namespace cohort {
namespace {

using enum TestStatus;

TestLog Read(std::string_view text) { return ReadTestLog(LogFormat::kCtest, text); }

TEST(CtestLog, KnowsHowEveryTestEnded) {
  const Tests wanted = {
      {"right", kPassed},
      {"wrong", kFailed},
      {"words and - dashes", kPassed},
      {"a.name.that.is.so.long.that.there.is.no.room.for.dots.in.the.line.of.it", kPassed},
      {"slow", kFailed},
      {"missing", kError},
      {"skipped", kSkipped},
      {"disabled", kSkipped},
      {"crash", kError},
      {"mended", kFailed},
      {"liar", kPassed}};
  for (const char* run : {"ctest-3.25-plain", "ctest-3.25-verbose", "ctest-3.25-failure-output"}) {
    const TestLog log = Read(RecordedText(run));
    EXPECT_EQ(log.tests, wanted) << run;
    EXPECT_TRUE(log.finished);
    EXPECT_EQ(log.passed, 5);
    EXPECT_EQ(log.failed, 5);
  }
  const TestLog good = Read(RecordedText("ctest-3.25-good"));
  EXPECT_EQ(good.tests, (Tests{{"right", kPassed}}));
  EXPECT_EQ(good.passed, 1);
}

TEST(CtestLog, BelievesTheListOfFailuresOverAPrintedResult) {
  const TestLog log = Read(
      "1/2 Test #1: a ....   Passed    0.01 sec\n2/2 Test #2: b ....***Failed    0.01 sec\n"
      "1/2 Test #2: b ....   Passed    0.01 sec\n\n0% tests passed, 1 tests failed out of 2\n\n"
      "Total Test time (real) =   0.02 sec\n\nThe following tests FAILED:\n\t  1 - a (Failed) "
      "quick\n");
  EXPECT_EQ(log.tests, (Tests{{"a", kFailed}, {"b", kFailed}}));
}

TEST(CtestLog, IsUnfinishedUntilItsTotalTime) {
  const std::string text = RecordedText("ctest-3.25-plain");
  const size_t total = text.find("Total Test time");
  ASSERT_NE(total, std::string::npos);
  for (size_t size = 0; size < total; size += 7) {
    EXPECT_FALSE(Read(text.substr(0, size)).finished) << size;
  }
  EXPECT_TRUE(Read("Test project /suite\nNo tests were found!!!\n").finished);
}

}  // namespace
}  // namespace cohort
