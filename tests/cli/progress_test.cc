#include "cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/base/files.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class ProgressTest : public ::testing::Test {
 protected:
  ~ProgressTest() override { std::fclose(out_); }

  Progress::Options Options(bool terminal = false) {
    return {.metrics = folder_.path() / "metrics.jsonl",
            .clock = &clock_,
            .out = out_,
            .terminal = terminal,
            .from_now = false};
  }
  void Record(const std::string& line) {
    records_ += line + "\n";
    folder_.Write("metrics.jsonl", records_);
  }
  void Step(int step) {
    Record(R"({"kind":"step","stage_index":1,"step":)" + std::to_string(step) +
           R"(,"reward":0.4,"length":12.3,"tokens_per_second":120.5,"staleness_mean":0.8,)"
           R"("seconds":3.2,"ledger":{"pending":16,"trained":8,"stale":2,"issued":26}})");
  }
  std::string Shown() { return *ReadFile(folder_.path() / "out"); }

  TestFolder folder_;
  ManualClock clock_;
  std::string records_;
  std::FILE* out_ = std::fopen((folder_.path() / "out").c_str(), "w");
};

TEST_F(ProgressTest, WritesPlainLinesWhereThereIsNoTerminal) {
  Progress progress(Options());
  progress.Poll();  // no file yet
  Record(R"({"kind":"stage","stage":"grpo","event":"begin","stage_index":1,"steps":60})");
  Record(R"({"kind":"evaluation","stage_index":1,"step":0,"pass_at_1":0.125,"stderr":0.02,)"
         R"("samples":256,"length":15.2,"seconds":4})");
  Step(1);
  progress.Poll();
  EXPECT_EQ(Shown(),
            "stage 1 (grpo) begins\n"
            "evaluation at step 0: pass@1 0.125 ± 0.020  length 15.2  (256 samples, 4.0 s)\n"
            "step 1/60  reward 0.400  pass@1 0.125 (held out, step 0)  length 12.3  120 tokens/s  "
            "staleness 0.8  pending 16  trained 8  stale 2  3.20 s\n");
}

TEST_F(ProgressTest, WritesAtMostOneStepASecondAndLosesNotTheLast) {
  Progress progress(Options());
  for (int step = 1; step <= 9; ++step) Step(step);
  progress.Poll();
  clock_.Advance(Seconds(2));
  Step(10);
  Step(11);
  progress.Poll();
  progress.Note("learner ended");
  const std::string shown = Shown();
  EXPECT_THAT(shown, HasSubstr("step 1 "));
  EXPECT_THAT(shown, Not(HasSubstr("step 5 ")));
  EXPECT_THAT(shown, HasSubstr("step 10 "));
  EXPECT_THAT(shown, AllOf(HasSubstr("step 11 "), EndsWith("learner ended\n")));
}

TEST_F(ProgressTest, KeepsALiveLineBelowNotesOnATerminal) {
  Progress progress(Options(/*terminal=*/true));
  Step(1);
  progress.Poll();
  progress.Note("a note");
  progress.Finish();
  const std::string shown = Shown();
  EXPECT_THAT(shown, HasSubstr("\r\033[Kstep 1 "));
  EXPECT_THAT(shown, HasSubstr("\r\033[Ka note\n\r\033[Kstep 1 "));
  EXPECT_THAT(shown, EndsWith("3.20 s\n"));
}

TEST_F(ProgressTest, PassesOverWhatIsThereAlreadyWhenARunGoesOn) {
  Step(1);
  auto options = Options();
  options.from_now = true;
  Progress progress(options);
  Record(R"({"kind":"resumed","step":20,"version":21})");
  progress.Poll();
  EXPECT_EQ(Shown(), "resumed at step 20 under version 21\n");
}

TEST_F(ProgressTest, SurvivesRecordsOfAnyShape) {
  Progress progress(Options());
  Record(R"({"kind":"step","reward":null,"step":"x","ledger":[1],"seconds":{}})");
  Record(R"({"kind":3})");
  Record("nonsense");
  progress.Poll();
  EXPECT_THAT(Shown(), AllOf(HasSubstr("reward -"), HasSubstr("metrics.jsonl:3: no JSON object")));
}

}  // namespace
}  // namespace cohort
