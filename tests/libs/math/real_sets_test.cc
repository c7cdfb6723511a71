#include "libs/math/real_sets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/math/reader.h"

namespace cohort {
namespace {

Node Read(std::string_view text) {
  const Result<Node> node = ReadAnswer(text, {});
  EXPECT_TRUE(node.ok()) << text << ": " << node.status().ToString();
  return node.ok() ? *node : Node();
}

Equality Compare(std::string_view gold, std::string_view answer) {
  const std::optional<RealSet> first = AsRealSet(Read(gold));
  const std::optional<RealSet> second = AsRealSet(Read(answer));
  EXPECT_TRUE(first) << gold;
  EXPECT_TRUE(second) << answer;
  Budget budget;
  return first && second ? RealSetsEqual(*first, *second, &budget) : Equality::kUndefined;
}

TEST(RealSets, AreIntervalsUnionsMembershipsAndInequalities) {
  for (const char* text : {"[1,2]", "(1,2]", "(0,1) \\cup (2,3)", "x \\in (0,1)", "x > 3", "3 < x",
                           "1 < x \\le 2", "x < 1 or x > 2", "x > 1 and x < 2", "\\mathbb{R}"}) {
    EXPECT_TRUE(IsRealSet(Read(text))) << text;
  }
}

TEST(RealSets, PointsAndRelationsOfSeveralVariablesAreNone) {
  for (const char* text : {"(1,2)", "5", "x = 3", "x > y", "x \\in \\{1, 2\\}", "1 < x > 0",
                           "x > 1, x < 2", "(1,2,3)"})
    EXPECT_FALSE(IsRealSet(Read(text))) << text;
}

TEST(RealSets, EndsAndBracketsCount) {
  EXPECT_EQ(Compare("[1,2]", "[1,2]"), Equality::kEqual);
  EXPECT_EQ(Compare("[1,2]", "(1,2]"), Equality::kDifferent);
  EXPECT_EQ(Compare("[1,2]", "[1,3]"), Equality::kDifferent);
  EXPECT_EQ(Compare("[\\sqrt{4},3]", "[2,3]"), Equality::kEqual);
  EXPECT_EQ(Compare("(-\\infty,3]", "x \\le 3"), Equality::kEqual);
  EXPECT_EQ(Compare("(-\\infty,3]", "x < 3"), Equality::kDifferent);
  EXPECT_EQ(Compare("[-\\infty,3]", "(-\\infty,3]"), Equality::kEqual);
  EXPECT_EQ(Compare("\\mathbb{R}", "(-\\infty,\\infty)"), Equality::kEqual);
}

TEST(RealSets, UnionsAreSortedAndJoinedWhereTheyTouch) {
  EXPECT_EQ(Compare("(0,1) \\cup (2,3)", "(2,3) \\cup (0,1)"), Equality::kEqual);
  EXPECT_EQ(Compare("(0,2)", "(0,1] \\cup (1,2)"), Equality::kEqual);
  EXPECT_EQ(Compare("(0,2)", "(0,1) \\cup (1,2)"), Equality::kDifferent);
  EXPECT_EQ(Compare("(0,3)", "(0,2) \\cup (1,3)"), Equality::kEqual);
  EXPECT_EQ(Compare("(0,1)", "(0,1) \\cup (5,4)"), Equality::kUndecided);  // nobody means nothing
  EXPECT_EQ(Compare("[0,1]", "(0,1) \\cup \\{0\\} \\cup \\{1\\}"), Equality::kEqual);
}

TEST(RealSets, AnotherVariableIsAnotherSet) {
  EXPECT_EQ(Compare("x > 3", "y > 3"), Equality::kDifferent);
  EXPECT_EQ(Compare("x > 3", "(3,\\infty)"), Equality::kEqual);
}

TEST(RealSets, TooManyIntervalsAreTooCostly) {
  std::string many = "(0,1)";
  for (int i = 0; i < 30; ++i) many += " \\cup (0,1)";
  EXPECT_EQ(Compare("(0,1)", many), Equality::kTooCostly);
}

}  // namespace
}  // namespace cohort
