#include "reward_workers/code/output_match.h"

#include <gtest/gtest.h>

#include <string>

namespace cohort {
namespace {

constexpr OutputMatch kAll[] = {OutputMatch::kExact, OutputMatch::kLines, OutputMatch::kTokens,
                                OutputMatch::kFloats};

TEST(OutputMatches, TakesTheSameOutputWhateverIsBehindItsLines) {
  for (const OutputMatch match : kAll) {
    EXPECT_TRUE(OutputMatches("1 2\n3\n", "1 2\n3\n", match));
    EXPECT_TRUE(OutputMatches("1 2  \r\n3", "1 2\n3\n\n", match));
    EXPECT_TRUE(OutputMatches("", "\n", match));
    EXPECT_FALSE(OutputMatches("", "0", match));
  }
}

TEST(OutputMatches, RefusesAPrefixMoreAndAnotherOrder) {
  for (const OutputMatch match : kAll) {
    EXPECT_FALSE(OutputMatches("1\n2", "1\n2\n3", match));
    EXPECT_FALSE(OutputMatches("1\n2\n3\n4", "1\n2\n3", match));
    EXPECT_FALSE(OutputMatches("2\n1\n3", "1\n2\n3", match));
    EXPECT_FALSE(OutputMatches("yes", "YES", match));
  }
}

TEST(OutputMatches, KeepsWhatEachWayKeeps) {
  EXPECT_FALSE(OutputMatches("1 2 3", "1 2\n3", OutputMatch::kExact));
  EXPECT_FALSE(OutputMatches("1 2 3", "1 2\n3", OutputMatch::kLines));
  EXPECT_TRUE(OutputMatches("1 2 3", "1 2\n3", OutputMatch::kTokens));
  EXPECT_TRUE(OutputMatches("1 2 3", "1 2\n3", OutputMatch::kFloats));
  EXPECT_FALSE(OutputMatches("1  2", "1 2", OutputMatch::kExact));
  EXPECT_TRUE(OutputMatches(" 1  2", "1 2", OutputMatch::kLines));
  EXPECT_FALSE(OutputMatches("1.0", "1", OutputMatch::kExact));
  EXPECT_TRUE(OutputMatches("1.0", "1", OutputMatch::kLines));
  EXPECT_FALSE(OutputMatches("0.3333333", "0.3333334", OutputMatch::kTokens));
  EXPECT_TRUE(OutputMatches("0.3333333", "0.3333334", OutputMatch::kFloats));
  EXPECT_FALSE(OutputMatches("0.3333", "0.3334", OutputMatch::kFloats));
  EXPECT_TRUE(OutputMatches("0.3333", "0.3334", OutputMatch::kFloats, 1e-3));
}

TEST(OutputMatches, NeverRoundsWholeNumbers) {
  for (const OutputMatch match : kAll) {
    EXPECT_FALSE(OutputMatches("50000000000000001", "50000000000000000", match));
    EXPECT_FALSE(OutputMatches("1000000", "1000001", match));
  }
  EXPECT_FALSE(OutputMatches("nan", "0.5", OutputMatch::kFloats));
  EXPECT_FALSE(OutputMatches("inf", "1e308", OutputMatch::kFloats));
  EXPECT_TRUE(OutputMatches("inf", "inf", OutputMatch::kFloats));
  EXPECT_FALSE(OutputMatches("nan", "inf", OutputMatch::kFloats));
}

TEST(SameDecimal, ComparesValuesAndNotTexts) {
  EXPECT_TRUE(SameDecimal("1", "1.0"));
  EXPECT_TRUE(SameDecimal("+1e3", "1000"));
  EXPECT_TRUE(SameDecimal("-0", "0.00"));
  EXPECT_TRUE(SameDecimal("00012.50", "1.25e1"));
  EXPECT_TRUE(SameDecimal(".5", "0.5"));
  EXPECT_TRUE(SameDecimal("5.", "5"));
  EXPECT_TRUE(SameDecimal("100", "1e2"));
  EXPECT_FALSE(SameDecimal("1", "-1"));
  EXPECT_FALSE(SameDecimal("10", "1"));
  EXPECT_FALSE(SameDecimal("1e", "1"));
  EXPECT_FALSE(SameDecimal("1e5x", "1e5"));
  EXPECT_FALSE(SameDecimal(".", "0"));
  EXPECT_FALSE(SameDecimal("1.2.3", "1.23"));
  EXPECT_FALSE(SameDecimal("1e99999999999999999999", "1e99999999999999999999"));
  EXPECT_FALSE(SameDecimal("0x10", "16"));
  EXPECT_TRUE(SameDecimal(std::string(1 << 20, '0') + "7", "7"));
}

TEST(ParseOutputMatch, NamesWhatThereIs) {
  EXPECT_EQ(*ParseOutputMatch("floats"), OutputMatch::kFloats);
  EXPECT_FALSE(ParseOutputMatch("equal").ok());
}

}  // namespace
}  // namespace cohort
