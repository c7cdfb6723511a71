#include "libs/math/judge_math.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/test_folder.h"

namespace cohort {
namespace {

// Every pair of the table that was labelled by hand from docs/math_equality.md before there was a
// grader.
TEST(JudgeMath, AgreesWithEveryPairLabelledByHand) {
  std::ifstream table(std::string(std::getenv("COHORT_SOURCE")) + "/tests/libs/math/pairs.tsv");
  ASSERT_TRUE(table.is_open());
  int pairs = 0;
  int line_number = 0;
  for (std::string line; std::getline(table, line);) {
    ++line_number;
    if (line.empty() || line[0] == '#') continue;
    const size_t first = line.find('\t');
    const size_t second = line.find('\t', first + 1);
    ASSERT_NE(second, std::string::npos) << "line " << line_number;
    const std::string gold = line.substr(0, first);
    const std::string answer = line.substr(first + 1, second - first - 1);
    const MathJudgement judgement = JudgeMath(gold, answer);
    EXPECT_EQ(judgement.verdict == MathVerdict::kEqual, line.substr(second + 1) == "equal")
        << "line " << line_number << ": gold " << gold << ", answer " << answer << ": "
        << MathVerdictName(judgement.verdict) << " " << judgement.detail;
    EXPECT_NE(judgement.verdict, MathVerdict::kGoldInvalid)
        << "line " << line_number << ": " << gold << ": " << judgement.detail;
    ++pairs;
  }
  EXPECT_GE(pairs, 300);
}

}  // namespace
}  // namespace cohort
