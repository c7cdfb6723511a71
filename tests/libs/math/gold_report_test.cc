#include "libs/math/gold_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(GoldReport, IsSilentWhenAllCanBeRead) {
  GoldReport report("train.jsonl", "answer");
  EXPECT_THAT(report.Warnings(), IsEmpty());
  for (const char* gold :
       {"7", "\\frac{1}{2}", "Evelyn", "(1,2)", "x \\in [-2,7]", "\\infty", "-\\infty"})
    report.Check(1, gold);
  EXPECT_THAT(report.Warnings(), IsEmpty());
}

TEST(GoldReport, NamesFileLineGoldScorerAndReason) {
  GoldReport report("data/train.jsonl", "answer");
  report.Check(3, "7");
  report.Check(4, "7 +");
  report.Check(6, "\\frac{1}{0}");
  EXPECT_THAT(
      report.Warnings(),
      ElementsAre(
          "data/train.jsonl:4: gold \"7 +\" cannot be read by scorer answer: it ends too early",
          "data/train.jsonl:6: gold \"\\frac{1}{0}\" cannot be read by scorer answer: it has no "
          "value",
          "data/train.jsonl: scorer answer cannot read 2 of 3 golds; their prompts end as "
          "gold_invalid and teach nothing"));
}

TEST(GoldReport, TellsOfAThousandBadGoldsInSixShortLines) {
  GoldReport report("train.jsonl", "answer");
  for (int line = 1; line <= 1000; ++line)
    report.Check(line, std::string(59, '+') + "½\n" + std::string(5000, '+'));
  const std::vector<std::string> warnings = report.Warnings();
  ASSERT_EQ(warnings.size(), 6U);
  EXPECT_EQ(warnings[4], "train.jsonl:5: gold \"" + std::string(59, '+') +
                             "…\" cannot be read by scorer answer: it is longer than 4096 bytes");
  EXPECT_EQ(warnings[5],
            "train.jsonl: scorer answer cannot read 1000 of 1000 golds; their prompts end as "
            "gold_invalid and teach nothing");
}

}  // namespace
}  // namespace cohort
