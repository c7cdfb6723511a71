#include "libs/math/judge_math.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace cohort {
namespace {

// Judges a table of pairs that were labelled by hand from docs/math_equality.md, and counts them.
int JudgeTable(const std::string& name) {
  std::ifstream table("tests/libs/math/" + name);
  EXPECT_TRUE(table.is_open()) << "run it in the root of the repository";
  int pairs = 0;
  int line_number = 0;
  for (std::string line; std::getline(table, line);) {
    ++line_number;
    if (line.empty() || line[0] == '#') continue;
    const size_t first = line.find('\t');
    const size_t second = line.find('\t', first + 1);
    if (second == std::string::npos) {
      ADD_FAILURE() << name << ":" << line_number << ": not three columns";
      continue;
    }
    const std::string gold = line.substr(0, first);
    const std::string answer = line.substr(first + 1, second - first - 1);
    const MathJudgement judgement = JudgeMath(gold, answer);
    EXPECT_EQ(judgement.verdict == MathVerdict::kEqual, line.substr(second + 1) == "equal")
        << name << ":" << line_number << ": gold " << gold << ", answer " << answer << ": "
        << MathVerdictName(judgement.verdict) << " " << judgement.detail;
    EXPECT_NE(judgement.verdict, MathVerdict::kGoldInvalid)
        << name << ":" << line_number << ": " << gold << ": " << judgement.detail;
    ++pairs;
  }
  return pairs;
}

TEST(JudgeMath, AgreesWithEveryPairLabelledBeforeThereWasAGrader) {
  EXPECT_GE(JudgeTable("pairs.tsv"), 300);
}

TEST(JudgeMath, AgreesWithEveryPairOfTheCasesLeftOpen) {
  EXPECT_GE(JudgeTable("more_pairs.tsv"), 140);
}

TEST(JudgeMath, SaysWhyAnAnswerIsNotJudged) {
  const struct {
    const char* answer;
    MathVerdict verdict;
    const char* detail;
  } cases[] = {
      {"", MathVerdict::kUnparsed, "nothing to read"},
      {"7 +", MathVerdict::kUnparsed, "it ends too early"},
      {"7 )", MathVerdict::kUnparsed, "\")\" where it does not belong"},
      {"\\foo", MathVerdict::kUnparsed, "the command \\foo"},
      {"7\x01", MathVerdict::kUnparsed, "a character that is no mathematics"},
      {"\\\xff", MathVerdict::kUnparsed, "the command \\?"},
      {"\\int_0^1 x dx", MathVerdict::kUnsupported, "\\int is not computed"},
      {"7 + 10^{-5000}", MathVerdict::kDifferent, ""},
      {"7 + e^{-20000}", MathVerdict::kUndecided, "neither told apart nor proved equal"},
  };
  for (const auto& c : cases) {
    const MathJudgement judgement = JudgeMath("7", c.answer);
    EXPECT_EQ(judgement.verdict, c.verdict)
        << c.answer << ": " << MathVerdictName(judgement.verdict);
    EXPECT_EQ(judgement.detail, c.detail) << c.answer;
  }
}

TEST(JudgeMath, RefusesGoldsThatCannotBeReadOrHaveNoValue) {
  const struct {
    const char* gold;
    const char* reason;
  } cases[] = {{"", "nothing to read"},
               {"7 +", "it ends too early"},
               {"\\frac{1}{0}", "it has no value"},
               {"(1, \\frac{x}{0})", "it has no value"},
               {"\\binom{5}{(-1)!}", "it has no value"},
               {"0^0", "it has no value"},
               {"\\int_0^1 x dx", "\\int is not computed"}};
  for (const auto& c : cases) {
    EXPECT_EQ(CheckMathGold(c.gold).message(), c.reason) << c.gold;
    const MathJudgement judgement = JudgeMath(c.gold, c.gold);
    EXPECT_EQ(judgement.verdict, MathVerdict::kGoldInvalid) << c.gold;
    EXPECT_EQ(judgement.detail, c.reason) << c.gold;
  }
  EXPECT_EQ(JudgeMath(std::string(4097, '7'), "7").verdict, MathVerdict::kGoldInvalid);
}

TEST(JudgeMath, ReadsAnswersUpTo4096Bytes) {
  const std::string longest(4096, '7');
  EXPECT_EQ(JudgeMath(longest, longest).verdict, MathVerdict::kEqual);
  EXPECT_EQ(JudgeMath(longest, longest + "7").verdict, MathVerdict::kTooCostly);
  EXPECT_EQ(JudgeMath(longest, longest + "7").detail, "the answer is longer than 4096 bytes");
}

TEST(JudgeMath, HasANameForEveryVerdict) {
  EXPECT_EQ(MathVerdictName(MathVerdict::kEqual), "equal");
  EXPECT_EQ(MathVerdictName(MathVerdict::kTooCostly), "too_costly");
  EXPECT_EQ(MathVerdictName(MathVerdict::kGoldInvalid), "gold_invalid");
}

}  // namespace
}  // namespace cohort
