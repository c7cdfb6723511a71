#include "reward_workers/code/code_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CodeTask Read(std::string_view columns) {
  Result<CodeTask> task = ReadCodeTask(columns);
  EXPECT_TRUE(task.ok()) << task.status().ToString();
  return task.ok() ? *std::move(task) : CodeTask{};
}

std::string Refusal(std::string_view columns) { return ReadCodeTask(columns).status().message(); }

TEST(CodeTask, ReadsTestsOfOurOwn) {
  const CodeTask task = Read(R"({"tests": [{"stdin": "1 2\n", "stdout": "3"},
      {"stdin": ["1", "2"], "stdout": ["3"], "weight": 2, "subtask": "b"}], "level": 4})");
  ASSERT_EQ(task.kind, CodeTask::Kind::kProgram);
  ASSERT_EQ(task.tests.size(), 2u);
  EXPECT_EQ(task.tests[0].input, "1 2\n");
  EXPECT_EQ(task.tests[0].output, "3");
  EXPECT_EQ(task.tests[1].input, "1\n2\n");
  EXPECT_EQ(task.tests[1].weight, 2);
  EXPECT_EQ(task.tests[1].subtask, "b");
}

TEST(CodeTask, ReadsTheShapeOfApps) {
  EXPECT_EQ(Read(R"({"input_output": {"inputs": ["1\n"], "outputs": ["2\n"]}})").tests.size(), 1u);
  const CodeTask task = Read(
      R"({"input_output": "{\"fn_name\": \"add\", \"inputs\": [[1, 2], \"[1]\\n{\\\"a\\\": 2}\"], \"outputs\": [[3], \"5\"]}"})");
  ASSERT_EQ(task.kind, CodeTask::Kind::kCalls);
  EXPECT_EQ(task.function, "add");
  EXPECT_FALSE(task.is_method);
  ASSERT_EQ(task.calls.size(), 2u);
  EXPECT_EQ(task.calls[0].arguments, "[1,2]");
  EXPECT_THAT(task.calls[0].accepted, ElementsAre("[3]", "3"));
  EXPECT_EQ(task.calls[1].arguments, R"([[1],{"a":2}])");
  EXPECT_THAT(task.calls[1].accepted, ElementsAre("5"));
}

TEST(CodeTask, ReadsTheShapeOfLiveCodeBench) {
  EXPECT_EQ(Read(R"({"public_test_cases": [{"input": "1", "output": "2", "testtype": "stdin"}],
      "private_test_cases": "[{\"input\": \"3\", \"output\": \"4\"}]"})")
                .tests.size(),
            2u);
  const CodeTask task = Read(
      R"({"public_test_cases": [{"input": "[1, 2]\n3", "output": "[3]", "testtype": "functional"}],
          "metadata": "{\"func_name\": \"twoSum\"}"})");
  EXPECT_EQ(task.kind, CodeTask::Kind::kCalls);
  EXPECT_TRUE(task.is_method);
  EXPECT_EQ(task.function, "twoSum");
  EXPECT_EQ(task.calls[0].arguments, "[[1,2],3]");
}

TEST(CodeTask, ReadsTheShapesOfHumanEvalAndMbpp) {
  const CodeTask human =
      Read(R"({"test": "def check(candidate):\n  assert candidate(1) == 1", "entry_point": "f"})");
  EXPECT_EQ(human.kind, CodeTask::Kind::kChecks);
  EXPECT_EQ(human.function, "f");
  const CodeTask mbpp = Read(
      R"({"test_list": ["assert f(1) == 1", "assert f(2) == 2"], "test_setup_code": "import math"})");
  EXPECT_EQ(mbpp.kind, CodeTask::Kind::kChecks);
  EXPECT_EQ(mbpp.checker, "import math\nassert f(1) == 1\nassert f(2) == 2\n\n");
}

TEST(CodeTask, TakesACheckerBesideTestsOfWholePrograms) {
  EXPECT_EQ(Read(R"({"tests": [{"stdin": "1", "stdout": "1"}], "checker": "pass"})").output_checker,
            "pass");
  EXPECT_EQ(Read(R"({"input_output": {"inputs": ["1"], "outputs": ["2"]}, "checker": "pass"})")
                .output_checker,
            "pass");
  EXPECT_EQ(Read(R"({"tests": [{"stdin": "1", "stdout": "1"}], "checker": null})").output_checker,
            "");
  EXPECT_THAT(Refusal(R"({"tests": [{"stdin": "1", "stdout": "1"}], "checker": ""})"),
              HasSubstr("\"checker\" must be"));
  EXPECT_THAT(Refusal(R"({"tests": [{"stdin": "1", "stdout": "1"}], "checker": ["pass"]})"),
              HasSubstr("\"checker\" must be"));
  EXPECT_THAT(Refusal(R"({"test_list": ["assert f"], "checker": "pass"})"),
              HasSubstr("not for functions"));
}

TEST(CodeTask, NamesWhatIsBroken) {
  EXPECT_THAT(Refusal(""), HasSubstr("no columns"));
  EXPECT_THAT(Refusal("[]"), HasSubstr("no columns"));
  EXPECT_THAT(Refusal(R"({"level": 4})"), HasSubstr("no tests"));
  EXPECT_THAT(Refusal(R"({"tests": []})"), HasSubstr("\"tests\" must be a list"));
  EXPECT_THAT(Refusal(R"({"tests": "nonsense"})"), HasSubstr("is a text that is no JSON"));
  EXPECT_THAT(Refusal(R"({"tests": [{"stdin": "1"}]})"), HasSubstr("\"tests\"[0] must be"));
  EXPECT_THAT(Refusal(R"({"tests": [{"stdin": 1, "stdout": ""}]})"),
              HasSubstr("[0] must be a text"));
  EXPECT_THAT(Refusal(R"({"tests": [{"stdin": "", "stdout": "", "weight": 0}]})"),
              HasSubstr("weight"));
  EXPECT_THAT(Refusal(R"({"input_output": {"inputs": ["1"], "outputs": []}})"),
              HasSubstr("as many \"inputs\""));
  EXPECT_THAT(Refusal(R"({"input_output": {"fn_name": "f", "inputs": [7], "outputs": [7]}})"),
              HasSubstr("\"inputs\"[0]"));
  EXPECT_THAT(
      Refusal(
          R"({"public_test_cases": [{"input": "a", "output": "1", "testtype": "functional"}]})"),
      HasSubstr("no JSON value"));
  EXPECT_THAT(
      Refusal(R"({"public_test_cases": [{"input": "1", "output": "1", "testtype": "functional"},
                          {"input": "1", "output": "1"}]})"),
      HasSubstr("another \"testtype\""));
  EXPECT_THAT(
      Refusal(
          R"({"public_test_cases": [{"input": "1", "output": "1", "testtype": "functional"}]})"),
      HasSubstr("\"metadata\""));
  EXPECT_THAT(Refusal(R"({"private_test_cases": []})"), HasSubstr("are empty"));
  EXPECT_THAT(Refusal(R"({"test": 1, "entry_point": "f"})"), HasSubstr("must be texts"));
}

}  // namespace
}  // namespace cohort
