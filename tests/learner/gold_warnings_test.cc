#include "learner/gold_warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/test_folder.h"

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class GoldWarningsTest : public testing::Test {
 protected:
  void SetUp() override {
    config_.scorers.resize(2);
    config_.scorers[0].name = "shape";
    config_.scorers[0].kind = "format";
    config_.scorers[1].name = "answer";
    config_.scorers[1].kind = "math";
  }

  std::vector<std::string> Warnings(const std::vector<std::string>& scorers) {
    const std::string file = folder_.Write(
        "train.jsonl",
        "{\"prompt\": \"1\", \"answer\": \"7\"}\n\n{\"prompt\": \"2\", \"answer\": \"7 +\"}\n");
    const Result<Tokenizer> tokenizer = Tokenizer::Load("tests/libs/tokenizer/data/characters");
    EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
    const Result<PromptSource> prompts =
        PromptSource::Load(file, *tokenizer, ChatTemplate::kPlain, 100, /*seed=*/1);
    EXPECT_TRUE(prompts.ok()) << prompts.status().ToString();
    return GoldWarnings(config_, "train.jsonl", scorers, *prompts);
  }

  TestFolder folder_;
  Config config_;
};

TEST_F(GoldWarningsTest, NamesTheLineOfAGoldThatAMathScorerCannotRead) {
  EXPECT_THAT(Warnings({"shape", "answer"}),
              ElementsAre(HasSubstr("train.jsonl:3: gold \"7 +\" cannot be read by scorer answer"),
                          HasSubstr("cannot read 1 of 2 golds")));
}

TEST_F(GoldWarningsTest, SaysNothingWithoutAMathScorer) {
  EXPECT_THAT(Warnings({"shape"}), IsEmpty());
  EXPECT_THAT(Warnings({"unknown"}), IsEmpty());
}

}  // namespace
}  // namespace cohort
