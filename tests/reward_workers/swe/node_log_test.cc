// Logs of node 20's test runner on one file: by the reporters tap and spec, and of the tests whose
// names have "right" in them ("good").
#include "tests/reward_workers/swe/recorded_log.h"

namespace cohort {
namespace {

using enum TestStatus;

TestLog Read(std::string_view text) { return ReadTestLog(LogFormat::kNode, text); }

TEST(NodeLog, KnowsEveryTestByBothReporters) {
  const Tests wanted = {{"right", kPassed},
                        {"wrong", kFailed},
                        {"words - and # marks \\ of all kinds", kPassed},
                        {"skipped", kSkipped},
                        {"skipped # SKIP by name", kSkipped},
                        {"to do", kExpectedFailure},
                        {"to do and done", kUnexpectedPass},
                        {"liar", kPassed},
                        {"same name", kFailed},
                        {"group", kFailed},
                        {"group > right", kPassed},
                        {"group > wrong", kFailed},
                        {"group > inner", kPassed},
                        {"group > inner > right", kPassed},
                        {"parent", kFailed},
                        {"parent > child", kPassed},
                        {"parent > other child", kFailed}};
  for (const char* run : {"node-20-tap", "node-20-spec"}) {
    const TestLog log = Read(RecordedText(run));
    EXPECT_EQ(log.tests, wanted) << run;
    EXPECT_TRUE(log.finished);
    EXPECT_EQ(log.passed, 7);
    EXPECT_EQ(log.failed, 5);
  }
}

TEST(NodeLog, CountsWhatAPatternLeftOutAsSkipped) {
  const TestLog log = Read(RecordedText("node-20-good"));
  EXPECT_EQ(log.tests.at("group > inner > right"), kPassed);
  EXPECT_EQ(log.tests.at("wrong"), kSkipped);
  EXPECT_EQ(log.failed, 0);
}

TEST(NodeLog, ReadsNoResultInTheYamlOfAFailure) {
  EXPECT_EQ(Read("TAP version 13\nnot ok 1 - a\n  ---\n  error: |-\n    ok 1 - b\n  stack: |-\n"
                 "    ...\nok 9 - c\n  ...\n1..1\n# pass 0\n# fail 1\n")
                .tests,
            (Tests{{"a", kFailed}}));
}

TEST(NodeLog, BelievesNoCountsBeforeThePlan) {
  const TestLog log = Read("TAP version 13\n# pass 40\n# fail 0\nok 1 - a\n");
  EXPECT_FALSE(log.finished);
  EXPECT_FALSE(log.passed.has_value());
  EXPECT_EQ(log.tests, (Tests{{"a", kPassed}}));
}

TEST(NodeLog, IsUnfinishedUntilItsCounts) {
  const std::string text = RecordedText("node-20-tap");
  const size_t counts = text.rfind("# fail");
  ASSERT_NE(counts, std::string::npos);
  for (size_t size = 0; size < counts; size += 7) {
    EXPECT_FALSE(Read(text.substr(0, size)).finished) << size;
  }
}

}  // namespace
}  // namespace cohort
