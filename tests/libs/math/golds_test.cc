#include "tests/libs/math/golds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "libs/math/judge_math.h"

namespace cohort {
namespace {

// Every gold is valid and its own answer, in any wrapping.
void ExpectReadable(const std::string& gold) {
  EXPECT_TRUE(CheckMathGold(gold).ok()) << gold << ": " << CheckMathGold(gold).message();
  for (const std::string& answer :
       {gold, " " + gold + "\n", "$" + gold + "$", "\\(" + gold + "\\)", "\\boxed{" + gold + "}",
        "**" + gold + "**", "\\[\n\\boxed{" + gold + "}\n\\]", "\\displaystyle " + gold}) {
    const MathJudgement judgement = JudgeMath(gold, answer);
    EXPECT_EQ(judgement.verdict, MathVerdict::kEqual)
        << gold << " and " << answer << ": " << MathVerdictName(judgement.verdict) << " "
        << judgement.detail;
  }
}

TEST(Golds, EveryOneIsEqualToItselfInAnyWrapping) {
  EXPECT_GE(std::size(kGolds), 150U);
  for (const char* gold : kGolds) ExpectReadable(gold);
}

TEST(Golds, NoOneIsEqualToAnotherButByMeaning) {
  int equal = 0;
  for (const char* gold : kGolds) {
    for (const char* answer : kGolds) {
      if (std::string_view(gold) != answer &&
          JudgeMath(gold, answer).verdict == MathVerdict::kEqual)
        ++equal;
    }
  }
  EXPECT_EQ(equal, 40) << "counted by hand: change it with the list of golds only";
}

// Expressions whose enclosures are too wide to tell them from anything: proof of nothing.
TEST(Golds, WhatCannotBeToldFromThemIsNotEqualToThem) {
  const char* const kAnswers[] = {
      "10^{400}(\\sin^2 x+\\cos^2 x-1)",
      "10^{9}\\lfloor \\sin^2 x+\\cos^2 x \\rfloor",
      "10^{3000}(e^{\\ln 3}-3)",
      "10^{3000}(\\sin^2 1+\\cos^2 1-1)",
      "y = 10^{400}(\\tan x \\cot x-1)",
      "10^{400}(\\sin^2 x+\\cos^2 x-1) = 0",
      "10^{400}(\\sin^2 x+\\cos^2 x-1) < 10^{400}(\\sin^2 y+\\cos^2 y-1)",
      "\\frac{1}{\\sin^2 x+\\cos^2 x-1}",
      "\\frac{1}{e^{\\ln 3}-3}",
      "\\frac{0}{0}",
      "\\infty - \\infty",
      "\\tan 90^\\circ",
      "\\ln 0"};
  for (const char* answer : kAnswers) {
    for (const char* gold : kGolds)
      EXPECT_NE(JudgeMath(gold, answer).verdict, MathVerdict::kEqual) << gold << " and " << answer;
  }
}

// The golds of a data set, one JSON object a line; GSM8K's stand behind "####".
std::vector<std::string> ReadGolds(const std::string& name) {
  const char* folder = std::getenv("COHORT_DATA");
  std::vector<std::string> golds;
  std::ifstream in(std::string(folder == nullptr ? "" : folder) + "/" + name);
  for (std::string line; std::getline(in, line);) {
    std::string answer = nlohmann::json::parse(line).at("answer");
    if (const size_t mark = answer.rfind("#### "); mark != std::string::npos)
      answer.erase(0, mark + 5);
    golds.push_back(std::move(answer));
  }
  return golds;
}

class GoldsOfDataSet : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldsOfDataSet, AreReadableAndEqualToThemselves) {
  const std::vector<std::string> golds = ReadGolds(GetParam());
  if (golds.empty()) GTEST_SKIP() << "COHORT_DATA holds no " << GetParam();
  EXPECT_GE(golds.size(), 500U);
  for (const std::string& gold : golds) ExpectReadable(gold);
}

INSTANTIATE_TEST_SUITE_P(, GoldsOfDataSet,
                         ::testing::Values("math500.jsonl", "gsm8k_test.jsonl",
                                           "gsm8k_train.jsonl"));

}  // namespace
}  // namespace cohort
