// Logs of cargo 1.95 on a crate with tests of its library, of a folder and of its documentation,
// some of which write what looks like results: `cargo test --no-fail-fast` ("plain"), with
// --test-threads=1
// --nocapture ("threads"), and the folder's ("good").
#include "tests/reward_workers/swe/recorded_log.h"

namespace cohort {
namespace {

using enum TestStatus;

TestLog Read(std::string_view text) { return ReadTestLog(LogFormat::kCargo, text); }

TEST(CargoLog, KnowsEveryTestOfAllBinaries) {
  const Tests wanted = {{"both", kPassed},
                        {"right", kPassed},
                        {"src/lib.rs - (line 1)", kPassed},
                        {"src/lib.rs - three (line 5)", kFailed},
                        {"tests::does_not_panic", kFailed},
                        {"tests::ignored", kSkipped},
                        {"tests::ignored_for_a_reason", kSkipped},
                        {"tests::liar", kPassed},
                        {"tests::panics", kPassed},
                        {"tests::right", kPassed},
                        {"tests::wrong", kFailed}};
  for (const char* run : {"cargo-1.95-plain", "cargo-1.95-threads"}) {
    const TestLog log = Read(RecordedText(run));
    EXPECT_EQ(log.tests, wanted) << run;
    EXPECT_TRUE(log.finished);
    EXPECT_EQ(log.passed, 6);
    EXPECT_EQ(log.failed, 3);
  }
  const TestLog good = Read(RecordedText("cargo-1.95-good"));
  EXPECT_EQ(good.tests, (Tests{{"both", kPassed}, {"right", kPassed}}));
  EXPECT_EQ(good.passed, 2);
  EXPECT_EQ(good.failed, 0);
}

TEST(CargoLog, BelievesTheListOfFailuresAndTheLastResultOfABinary) {
  const TestLog log = Read(
      "running 2 tests\ntest a ... ok\ntest result: ok. 40 passed; 0 failed; 0 ignored\n"
      "test b ... ok\n\nfailures:\n\n---- a stdout ----\ntest c ... ok\n\nfailures:\n    a\n\n"
      "test result: FAILED. 1 passed; 1 failed; 0 ignored\n");
  EXPECT_EQ(log.tests, (Tests{{"a", kFailed}, {"b", kPassed}}));
  EXPECT_EQ(log.passed, 1);
  EXPECT_EQ(log.failed, 1);
}

TEST(CargoLog, IsUnfinishedWhereABinaryHasNoResult) {
  const std::string text = RecordedText("cargo-1.95-plain");
  const size_t second = text.find("running 2 tests");
  ASSERT_NE(second, std::string::npos);
  const size_t result = text.find("test result", second);
  EXPECT_FALSE(Read(text.substr(0, result)).finished);
  EXPECT_FALSE(Read("   Compiling calc\nerror: could not compile `calc`\n").finished);
  EXPECT_FALSE(Read("running 1 test\n\nrunning 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; "
                    "0 failed\n")
                   .finished);
}

}  // namespace
}  // namespace cohort
