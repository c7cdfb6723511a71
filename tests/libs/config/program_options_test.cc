#include "libs/config/program_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/libs/config/sample_config.h"

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::CaptureStdout;
using ::testing::internal::GetCapturedStderr;
using ::testing::internal::GetCapturedStdout;

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() : file_(folder_.Write("run.toml", ConfigToToml(SampleConfig()))) {}

  ProgramStart Start(std::vector<const char*> words) {
    words.insert(words.begin(), "cohort-actor");
    CaptureStderr();
    CaptureStdout();
    ProgramStart start = StartProgram(static_cast<int>(words.size()), words.data(),
                                      {"cohort-actor", "Draws rollouts.", "actor-1"});
    error_ = GetCapturedStderr();
    output_ = GetCapturedStdout();
    return start;
  }

  TestFolder folder_;
  std::string file_;
  std::string error_, output_;
};

TEST_F(ProgramTest, TakesTheFileByPositionOrByName) {
  const ProgramStart positional = Start({file_.c_str(), "--run.seed=9", "--instance", "actor-7"});
  ASSERT_TRUE(positional.options) << error_;
  EXPECT_EQ(positional.options->config.run.seed, 9);
  EXPECT_EQ(positional.options->instance, "actor-7");
  const ProgramStart named = Start({"--config", file_.c_str()});
  ASSERT_TRUE(named.options) << error_;
  EXPECT_EQ(named.options->instance, "actor-1");
}

TEST_F(ProgramTest, ReadsSeveralFilesLeftToRight) {
  const std::string second = folder_.Write("2.toml", "[run]\nseed = 5\n");
  const ProgramStart start = Start({"--config", file_.c_str(), "--config", second.c_str()});
  ASSERT_TRUE(start.options) << error_;
  EXPECT_EQ(start.options->config.run.seed, 5);
}

TEST_F(ProgramTest, ShowsHelpAndLeavesWithZero) {
  const ProgramStart start = Start({"--help"});
  EXPECT_FALSE(start.options);
  EXPECT_EQ(start.exit_code, 0);
  EXPECT_THAT(output_, HasSubstr("Draws rollouts."));
  EXPECT_THAT(output_, HasSubstr("actor-1"));
  EXPECT_THAT(output_, HasSubstr("--section.key=value"));
}

TEST_F(ProgramTest, LeavesWithTwoAndOneLineWhenTheConfigurationIsWrong) {
  const char* wrong[][2] = {{"--sampling.top_p=0.5", "sampling.top_p"},
                            {"--run.sed=1", "did you mean run.seed?"},
                            {"--run.seed", "--run.seed=VALUE in one word"},
                            {"--nonsense", "nonsense"}};
  for (const auto& [word, says] : wrong) {
    const ProgramStart start = Start({file_.c_str(), word});
    EXPECT_FALSE(start.options);
    EXPECT_EQ(start.exit_code, 2);
    EXPECT_THAT(error_, HasSubstr(says));
    EXPECT_THAT(error_, EndsWith("\n"));
    EXPECT_EQ(std::count(error_.begin(), error_.end(), '\n'), 1) << error_;
  }
  EXPECT_EQ(Start({"no/such.toml"}).exit_code, 2);
  EXPECT_THAT(error_, HasSubstr("no/such.toml"));
  EXPECT_EQ(Start({}).exit_code, 2);
}

TEST(TakeOverrides, LeavesOtherWordsInTheirOrder) {
  std::vector<std::string> words = {"a.toml", "--run.seed=1", "--resume", "--name=b.c", "x"};
  std::vector<std::string> overrides;
  ASSERT_TRUE(TakeOverrides(words, overrides).ok());
  EXPECT_THAT(words, ElementsAre("a.toml", "--resume", "--name=b.c", "x"));
  EXPECT_THAT(overrides, ElementsAre("--run.seed=1"));
}

}  // namespace
}  // namespace cohort
