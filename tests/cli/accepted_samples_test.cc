// samples --sft: on a run directory made by hand, with the data and the tokenizer of the parity
// task.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libs/run/prompt_file.h"
#include "libs/run/run_directory.h"
#include "tests/cli/cohort_program.h"

namespace cohort {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class SftDataTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { task_ = new ParityTask(); }
  static void TearDownTestSuite() { delete task_; }
  void SetUp() override {
    ASSERT_TRUE(task_->made());
    ASSERT_TRUE(RunDirectory::Prepare(run_).ok());
    ASSERT_TRUE(WriteFileAtomically(run_ / "config.toml", ConfigToToml(config_)).ok());
    train_ = *ReadPromptFile(config_.routes[0].train);
    held_out_ = *ReadPromptFile(config_.evaluation.data);
  }

  // Of row `row`, with its answer as the completion.
  static json Sample(const std::vector<PromptRow>& rows, uint64_t row, const std::string& purpose) {
    return {{"id", purpose + "/" + std::to_string(row)},
            {"row", row},
            {"purpose", purpose},
            {"route", "parity"},
            {"step", 1},
            {"prompt", rows[row].messages[0].content},
            {"truth", rows[row].answer},
            {"completion", rows[row].answer},
            {"reward", 1.0},
            {"correct", true},
            {"outcome", "graded"},
            {"finish", "stop"}};
  }
  ProgramResult Write(const std::vector<json>& samples, const std::string& options) {
    std::string text;
    for (const json& sample : samples) text += sample.dump() + "\n";
    EXPECT_TRUE(WriteFileAtomically(run_ / "samples.jsonl", text).ok());
    return RunCohort("samples " + run_.string() + " --sft " + out_.string() + " " + options);
  }

  static ParityTask* task_;
  TestFolder folder_;
  const std::filesystem::path run_ = folder_.path() / "run", out_ = folder_.path() / "sft.jsonl";
  const Config config_ = task_->MakeConfig(run_.string());
  std::vector<PromptRow> train_, held_out_;
};

ParityTask* SftDataTest::task_ = nullptr;

TEST_F(SftDataTest, WhatWasAcceptedIsDemonstrationsAndALineSaysHowMany) {
  json wrong = Sample(train_, 8, "train");
  wrong["correct"] = false;
  const ProgramResult result = Write(
      {Sample(train_, 7, "train"), wrong, Sample(held_out_, 3, "eval"), Sample(train_, 7, "train")},
      "--right");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, out_.string() +
                            ": 1 of 3 samples accepted, over 1 of 2 prompts (1 rejected, 1 "
                            "duplicates)\n");
  const auto rows = ReadDemonstrationFile(out_);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].messages, train_[7].messages);
  EXPECT_EQ((*rows)[0].completion, train_[7].answer);
}

TEST_F(SftDataTest, WhatIsHeldOutIsWrittenOnlyWhenAsked) {
  const std::vector<json> samples = {Sample(train_, 7, "train"), Sample(held_out_, 3, "eval")};
  ASSERT_EQ(Write(samples, "--right").code, 0);
  EXPECT_THAT(*ReadFile(out_), HasSubstr("\"purpose\":\"train\""));
  ASSERT_EQ(Write(samples, "--min-reward 1 --purpose eval").code, 0);
  const auto rows = ReadDemonstrationFile(out_);
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0].messages, held_out_[3].messages);
}

TEST_F(SftDataTest, AnEvaluationsOwnRunNeedsNoAsking) {
  Config config = config_;
  config.stages.resize(1);
  config.stages[0] = StageConfig();
  config.stages[0].kind = "eval";
  ASSERT_TRUE(WriteFileAtomically(run_ / "config.toml", ConfigToToml(config)).ok());
  const ProgramResult result = Write({Sample(held_out_, 3, "eval")}, "--right");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ((*ReadDemonstrationFile(out_))[0].messages, held_out_[3].messages);
}

TEST_F(SftDataTest, DataThatHasChangedIsRefusedAndNothingIsWritten) {
  const ProgramResult other = Write({Sample(train_, 7, "train")},
                                    "--right --routes.0.train=" + task_->path() + "/eval.jsonl");
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, AllOf(HasSubstr("eval.jsonl:8 has another prompt"),
                               HasSubstr("changed since the run")));
  const std::string one = folder_.Write("one.jsonl", "{\"prompt\": \"1\", \"answer\": 1}\n");
  const ProgramResult shorter =
      Write({Sample(train_, 7, "train")}, "--right --routes.0.train=" + one);
  EXPECT_EQ(shorter.code, 2);
  EXPECT_THAT(shorter.err,
              HasSubstr("one.jsonl has 1 rows and a sample is of row 7 (from 0): the file has "
                        "changed since the run; --routes.parity.train=FILE names the one"));
  const ProgramResult gone =
      Write({Sample(train_, 7, "train")}, "--right --routes.0.train=no/file");
  EXPECT_EQ(gone.code, 2);
  EXPECT_THAT(gone.err, AllOf(HasSubstr("--routes.parity.train=FILE"), HasSubstr("no/file")));
  EXPECT_EQ(Write({Sample(train_, 7, "train")}, "--right --model.path=no/model").code, 2);
  EXPECT_FALSE(Exists(out_));
}

TEST_F(SftDataTest, BadLinesAreToldInOneLine) {
  const std::vector<json> samples = {Sample(train_, 7, "train")};
  const ProgramResult no_rule = Write(samples, "");
  EXPECT_EQ(no_rule.code, 2);
  EXPECT_EQ(no_rule.err,
            "cohort: --sft needs to know what is accepted: --right, --min-reward, or both\n");
  EXPECT_EQ(Write(samples, "--wrong").code, 2);
  EXPECT_EQ(Write(samples, "--right --last 3").code, 2);
  EXPECT_EQ(Write(samples, "--right --json").code, 2);
  EXPECT_EQ(Write(samples, "--right --per-prompt 0").code, 2);
  EXPECT_EQ(Write(samples, "--right --purpose x").code, 2);
  EXPECT_EQ(RunCohort("samples " + run_.string() + " --right --per-prompt 1").code, 2);
  EXPECT_THAT(Write(samples, "--right --route x").err, HasSubstr("no rows that fit"));
  const ProgramResult none = Write(samples, "--min-reward 1.5");
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, AllOf(HasSubstr("0 of 1 samples accepted"), EndsWith("is not written\n")));
  EXPECT_FALSE(Exists(out_));
}

}  // namespace
}  // namespace cohort
