#include "cli/preflight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/cohort_program.h"

namespace cohort {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PreflightTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { task_ = new ParityTask(); }
  static void TearDownTestSuite() { delete task_; }
  void SetUp() override { ASSERT_TRUE(task_->made()); }

  std::vector<std::string> Problems(const Config& config) {
    return CheckBeforeStart(config).problems;
  }

  static ParityTask* task_;
  TestFolder folder_;
  Config config_ = task_->MakeConfig((folder_.path() / "run").string());
};

ParityTask* PreflightTest::task_ = nullptr;

TEST_F(PreflightTest, AcceptsTheDemo) {
  const Preflight found = CheckBeforeStart(config_);
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_GT(found.rows, 1000);
  EXPECT_GT(found.longest, 15);
  EXPECT_GT(found.context, 32);
}

TEST_F(PreflightTest, NamesMissingFilesAndDirectories) {
  config_.model.path = "no/model";
  config_.routes[0].train = "no/train.jsonl";
  EXPECT_THAT(Problems(config_), ElementsAre(AllOf(HasSubstr("model.path"), HasSubstr("no/model")),
                                             HasSubstr("no/train.jsonl")));
}

TEST_F(PreflightTest, AsksForWeightsWhereTheModelIsPretrained) {
  config_.model.init = "pretrained";
  EXPECT_THAT(Problems(config_),
              ElementsAre(AllOf(HasSubstr("model.path"), HasSubstr("safetensors"))));
}

TEST_F(PreflightTest, NamesTheLineOfAPromptThatTheContextHasNoRoomFor) {
  const std::string bits(300, '1');
  config_.routes[0].train =
      folder_.Write("train.jsonl", "{\"prompt\": \"1\", \"answer\": \"1\"}\n{\"prompt\": \"" +
                                       bits + "\", \"answer\": \"1\"}\n");
  EXPECT_THAT(Problems(config_),
              ElementsAre(AllOf(HasSubstr("train.jsonl:2: the prompt's 300 tokens and the 24 of "
                                          "sampling.max_new_tokens exceed the model's context of"),
                                HasSubstr("shorten or remove the row"))));
}

TEST_F(PreflightTest, NamesRowsThatDoNotParseAndSaysWhenThereAreMore) {
  std::string text;
  for (int i = 0; i < 25; ++i) text += "{\"prompt\": \"1\"}\n";
  config_.evaluation.data = folder_.Write("eval.jsonl", text);
  const std::vector<std::string> problems = Problems(config_);
  EXPECT_EQ(problems.size(), 11u);
  EXPECT_THAT(problems.front(), HasSubstr("eval.jsonl:1: \"answer\" is missing"));
  EXPECT_THAT(problems.back(), HasSubstr("15 more problems"));
}

TEST_F(PreflightTest, WarnsOfGoldsThatAMathScorerCannotRead) {
  config_.evaluation.data = folder_.Write(
      "eval.jsonl",
      "{\"prompt\": \"1\", \"answer\": \"1\"}\n{\"prompt\": \"1\", \"answer\": \"1 +\"}\n");
  EXPECT_THAT(CheckBeforeStart(config_).warnings, IsEmpty());
  for (ScorerConfig& scorer : config_.scorers) {
    if (scorer.passes) scorer.kind = "math";
  }
  const Preflight found = CheckBeforeStart(config_);
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_THAT(found.warnings,
              ElementsAre(HasSubstr("eval.jsonl:2: gold \"1 +\" cannot be read by scorer "),
                          HasSubstr("cannot read 1 of 2 golds")));
}

TEST_F(PreflightTest, NamesATokenizerThatCannotBeRead) {
  std::filesystem::copy(task_->path(), folder_.path() / "model");
  folder_.Write("model/tokenizer.json", "{}");
  config_.model.path = (folder_.path() / "model").string();
  EXPECT_THAT(Problems(config_), ElementsAre(HasSubstr("tokenizer.json")));
}

TEST_F(PreflightTest, CollectsProblemsOfTheValuesToo) {
  config_.sampling.top_p = 0.5;
  config_.model.path = "no/model";
  EXPECT_THAT(Problems(config_), ElementsAre(HasSubstr("sampling.top_p"), HasSubstr("no/model")));
}

}  // namespace
}  // namespace cohort
