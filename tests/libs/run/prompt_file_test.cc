#include "libs/run/prompt_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/test_folder.h"

namespace cohort {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class PromptFileTest : public ::testing::Test {
 protected:
  Result<std::vector<PromptRow>> Prompts(const std::string& text) {
    return ReadPromptFile(folder_.Write("p.jsonl", text));
  }
  Result<std::vector<Demonstration>> Demonstrations(const std::string& text) {
    return ReadDemonstrationFile(folder_.Write("d.jsonl", text));
  }
  TestFolder folder_;
};

TEST_F(PromptFileTest, ReadsTextsMessagesAndNumbers) {
  const auto rows = Prompts(R"({"prompt": "3+4?", "answer": 7, "id": "a", "level": 2}

{"messages": [{"role":"system","content":"s"},{"role":"user","content":"u"}], "answer": "x y"}
)");
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_THAT((*rows)[0].messages, ElementsAre(PromptMessage{"user", "3+4?"}));
  EXPECT_EQ((*rows)[0].answer, "7");
  EXPECT_EQ((*rows)[0].id, "a");
  EXPECT_EQ((*rows)[0].columns, R"({"id":"a","level":2})");
  EXPECT_EQ((*rows)[1].columns, "");
  EXPECT_EQ((*rows)[1].row, 1u);
  EXPECT_EQ((*rows)[1].line, 3);
  EXPECT_EQ((*rows)[1].messages.size(), 2u);
  EXPECT_EQ((*rows)[1].answer, "x y");
}

TEST_F(PromptFileTest, KeepsTheDigitsOfNumbers) {
  const auto rows = Prompts(
      "{\"prompt\": \"\\\"answer\\\": 5\", \"x\": {\"answer\": 3}, \"answer\": 0.10}\n"
      "{\"prompt\": \"a\", \"answer\": 123456789012345678901234567890}\n"
      "{\"answer\": -12, \"prompt\": \"a\", \"y\": 3}\n");
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_EQ((*rows)[0].answer, "0.10");
  EXPECT_EQ((*rows)[1].answer, "123456789012345678901234567890");
  EXPECT_EQ((*rows)[2].answer, "-12");
}

TEST_F(PromptFileTest, KeepsColumnsToTheLetter) {
  const auto rows = Prompts(
      "{\"b\": 12345678901234567890123, \"prompt\": \"p\", \"a\": [0.10, \"x\"], \"answer\": 1}\n");
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_EQ((*rows)[0].columns, R"({"b":12345678901234567890123,"a":[0.10, "x"]})");
}

TEST_F(PromptFileTest, RefusesALineThatNestsTooDeep) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  const auto rows = Prompts("{\"prompt\": \"p\", \"answer\": 1, \"x\": " + deep + "}\n");
  EXPECT_THAT(rows.status().message(), HasSubstr("p.jsonl:1: this line nests"));
}

TEST_F(PromptFileTest, RefusesColumnsThatAreTooManyBytes) {
  const std::string tests(1 << 20, 'x');
  const auto rows = Prompts(R"({"prompt": "a", "answer": "1", "tests": ")" + tests + "\"}\n");
  EXPECT_THAT(rows.status().message(),
              HasSubstr("p.jsonl:1: its columns beside prompt and answer"));
}

TEST_F(PromptFileTest, NamesFileAndLineOfBadRows) {
  const char* bad[][2] = {
      {"nonsense", "no JSON object"},
      {"[1]", "no JSON object"},
      {"{\"answer\": 1}", "\"prompt\" (or \"messages\") is missing"},
      {"{\"prompt\": \"a\"}", "\"answer\" is missing"},
      {"{\"prompt\": \"\", \"answer\": 1}", "\"prompt\" is empty"},
      {"{\"prompt\": 3, \"answer\": 1}", "\"prompt\" must be a text"},
      {"{\"prompt\": \"a\", \"answer\": [1]}", "must be a text or a number"},
      {"{\"prompt\": \"a\", \"messages\": [], \"answer\": 1}", "both given"},
      {"{\"messages\": [], \"answer\": 1}", "\"messages\" must be a list"},
      {"{\"messages\": [{\"role\": 1}], \"answer\": 1}", "\"messages\" must be"},
      {"{\"prompt\": \"a\", \"answer\": 1, \"id\": []}", "\"id\" must be"}};
  for (const auto& [row, says] : bad) {
    const auto rows = Prompts("{\"prompt\": \"a\", \"answer\": 1}\n" + std::string(row) + "\n");
    ASSERT_FALSE(rows.ok()) << row;
    EXPECT_THAT(rows.status().message(), AllOf(HasSubstr("p.jsonl:2: "), HasSubstr(says)));
  }
}

TEST_F(PromptFileTest, ListsAllProblemsForValidate) {
  std::vector<std::string> problems;
  const auto rows = ReadPromptFile(
      folder_.Write("p.jsonl", "{}\n{\"prompt\": \"a\", \"answer\": 1}\nx\n"), problems);
  EXPECT_EQ(rows.size(), 1u);
  EXPECT_THAT(problems, ElementsAre(HasSubstr("p.jsonl:1:"), HasSubstr("p.jsonl:3:")));
  EXPECT_THAT(Prompts("{}\n{}\n{}\n").status().message(), EndsWith("(and 2 more)"));
}

TEST_F(PromptFileTest, RefusesFilesWithoutRowsAndMissingOnes) {
  EXPECT_THAT(Prompts("\n\n").status().message(), HasSubstr("has no rows"));
  EXPECT_THAT(ReadPromptFile("no/such.jsonl").status().message(), HasSubstr("no/such.jsonl"));
  EXPECT_FALSE(ReadPromptFile(folder_.path()).ok());
}

TEST_F(PromptFileTest, ReadsDemonstrations) {
  const auto rows = Demonstrations(R"({"prompt": "a", "completion": "b"}
{"messages": [{"role":"user","content":"u"},{"role":"assistant","content":"v"}]}
)");
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  EXPECT_EQ((*rows)[0].completion, "b");
  EXPECT_THAT((*rows)[1].messages, ElementsAre(PromptMessage{"user", "u"}));
  EXPECT_EQ((*rows)[1].completion, "v");
}

TEST_F(PromptFileTest, RefusesDemonstrationsWithoutCompletion) {
  for (const char* row : {"{\"prompt\": \"a\"}", "{\"prompt\": \"a\", \"completion\": \"\"}",
                          "{\"messages\": [{\"role\":\"assistant\",\"content\":\"v\"}]}",
                          "{\"messages\": [{\"role\":\"user\",\"content\":\"v\"}]}",
                          "{\"prompt\": \"a\", \"completion\": 3}"}) {
    const auto rows = Demonstrations(std::string(row) + "\n");
    ASSERT_FALSE(rows.ok()) << row;
    EXPECT_THAT(rows.status().message(), HasSubstr("d.jsonl:1: "));
  }
}

}  // namespace
}  // namespace cohort
