#include "reward_workers/code/code_grade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cohort {
namespace {

using ::testing::HasSubstr;

CodeGrade Grade(CodeCredit credit, std::vector<CodeGrade::Test> tests,
                const std::vector<TestEnd>& ends) {
  CodeGrade grade(std::move(tests), credit);
  for (const TestEnd end : ends) grade.Add(end, "why");
  return grade;
}

constexpr TestEnd kYes = TestEnd::kAccepted, kNo = TestEnd::kWrongAnswer;

TEST(CodeGrade, AllWantsEveryTest) {
  EXPECT_EQ(Grade(CodeCredit::kAll, {{}, {}}, {kYes, kYes}).Finish().value(), 1);
  EXPECT_EQ(Grade(CodeCredit::kAll, {{}, {}}, {kYes, kNo}).Finish().value(), 0);
  EXPECT_EQ(Grade(CodeCredit::kAll, {{}, {}}, {kYes}).Finish().value(), 0);  // not run
  EXPECT_FALSE(Grade(CodeCredit::kAll, {{}, {}}, {kYes}).settled());
  EXPECT_TRUE(Grade(CodeCredit::kAll, {{}, {}}, {kNo}).settled());
}

TEST(CodeGrade, FractionGoesByWeight) {
  const std::vector<CodeGrade::Test> tests = {{1, ""}, {3, ""}};
  EXPECT_EQ(Grade(CodeCredit::kFraction, tests, {kNo, kYes}).Finish().value(), 0.75);
  EXPECT_FALSE(Grade(CodeCredit::kFraction, tests, {kNo}).settled());
  EXPECT_EQ(Grade(CodeCredit::kFraction, tests, {kYes}).Finish().value(), 0.25);
}

TEST(CodeGrade, ASubtaskIsWonByAllOfItsTests) {
  const std::vector<CodeGrade::Test> tests = {{1, "a"}, {1, "b"}, {1, "a"}, {1, ""}};
  EXPECT_EQ(Grade(CodeCredit::kSubtasks, tests, {kYes, kYes, kNo, kYes}).Finish().value(), 0.5);
  EXPECT_EQ(Grade(CodeCredit::kSubtasks, tests, {kYes, kYes, kYes, kYes}).Finish().value(), 1);
  EXPECT_FALSE(Grade(CodeCredit::kSubtasks, tests, {kNo, kYes}).settled());  // the last is its own
  const std::vector<CodeGrade::Test> two = {{1, "a"}, {1, "b"}, {1, "a"}};
  EXPECT_TRUE(Grade(CodeCredit::kSubtasks, two, {kNo, kYes}).settled());
}

TEST(CodeGrade, NamesWhatEndedTheProgram) {
  const auto reason = [](TestEnd end) {
    return Grade(CodeCredit::kAll, {{}, {}}, {kYes, end}).Finish().reason();
  };
  EXPECT_EQ(reason(kNo), OutcomeReason::kGraded);
  EXPECT_EQ(reason(TestEnd::kTimeLimit), OutcomeReason::kProgramTimeout);
  EXPECT_EQ(reason(TestEnd::kMemoryLimit), OutcomeReason::kProgramMemory);
  EXPECT_EQ(reason(TestEnd::kOutputLimit), OutcomeReason::kProgramOutput);
  EXPECT_EQ(reason(TestEnd::kRuntimeError), OutcomeReason::kProgramCrash);
  EXPECT_EQ(reason(TestEnd::kCompileError), OutcomeReason::kProgramCrash);
  const Verdict partly =
      Grade(CodeCredit::kFraction, {{}, {}}, {kYes, TestEnd::kTimeLimit}).Finish();
  EXPECT_EQ(partly, Verdict::Graded(0.5, "1 of 2 tests accepted; test 2 of 2: TLE, why"));
}

TEST(CodeGrade, ACompileErrorIsTheEndOfAll) {
  CodeGrade grade({{}, {}, {}}, CodeCredit::kFraction);
  grade.AddForAllLeft(TestEnd::kCompileError, "line 3");
  EXPECT_TRUE(grade.done());
  grade.Add(kYes, "");  // nothing is left to be accepted
  EXPECT_EQ(grade.Finish().value(), 0);
  EXPECT_THAT(grade.Finish().detail(), HasSubstr("test 1 of 3: CE, line 3"));
}

TEST(TestEnd, HasANameBothWays) {
  for (int i = 0; i < 7; ++i) {
    const auto end = static_cast<TestEnd>(i);
    EXPECT_EQ(TestEndFromName(TestEndName(end)), end);
  }
  EXPECT_FALSE(TestEndFromName("XX"));
  EXPECT_FALSE(ParseCodeCredit("most").ok());
  EXPECT_EQ(*ParseCodeCredit("subtasks"), CodeCredit::kSubtasks);
}

}  // namespace
}  // namespace cohort
