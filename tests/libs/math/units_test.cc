#include "libs/math/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/libs/math/tree_text.h"

namespace cohort {
namespace {

Unit Read(const std::vector<UnitWord>& words) {
  const std::optional<Unit> unit = ReadUnit(words);
  return unit ? *unit : Unit();
}

TEST(Units, MeasuresConvertThroughBaseUnits) {
  EXPECT_EQ(RationalText(Read({{"cm"}}).factor), "1/100");
  EXPECT_EQ(RationalText(Read({{"feet"}}).factor), "381/1250");
  EXPECT_EQ(RationalText(Read({{"cm", 2, true}}).factor), "1/10000");
  EXPECT_EQ(Read({{"square"}, {"cm"}}), Read({{"cm", 2, true}}));
  EXPECT_EQ(Read({{"km"}, {"h", 1, false, true}}).dimensions, Read({{"mph"}}).dimensions);
  EXPECT_EQ(RationalText(Read({{"mph"}}).factor), "1397/3125");
  EXPECT_EQ(RationalText(Read({{"cents"}}).factor), "1/100");
}

TEST(Units, AbbreviationsAreCaseSensitiveAndNamesAreNot) {
  EXPECT_TRUE(FindMeasure("m"));
  EXPECT_FALSE(FindMeasure("M"));
  EXPECT_TRUE(FindMeasure("Hours"));
  EXPECT_FALSE(FindMeasure("hourses"));
}

TEST(Units, PlainWordsCountInTheSingular) {
  EXPECT_EQ(Read({{"apples"}}), Read({{"Apple"}}));
  EXPECT_EQ(Read({{"boxes"}}).words, "box");
  EXPECT_EQ(Read({{"children"}}).words, "child");
  EXPECT_EQ(Read({{"ponies"}}).words, "pony");
  EXPECT_EQ(Read({{"red"}, {"apples"}}).words, "red apple");
  EXPECT_EQ(Read({{"a"}, {"b"}, {"c"}, {"d"}}).kind, Unit::Kind::kNone);
}

TEST(Units, WordsThatSaySomethingAboutTheNumberAreNone) {
  for (const char* word : {"not", "or", "about", "million", "Less", "half"})
    EXPECT_FALSE(ReadUnit({{word}})) << word;
  EXPECT_FALSE(ReadUnit({}));
  EXPECT_FALSE(ReadUnit({{"apples", 2, true}}));
}

TEST(Units, PercentAndNumberWords) {
  EXPECT_EQ(Read({{"percent"}}), PercentUnit());
  EXPECT_EQ(Read({{"per"}, {"cent"}}), PercentUnit());
  EXPECT_EQ(RationalText(*NumberWord("Million")), "1000000");
  EXPECT_FALSE(NumberWord("dozen"));
}

TEST(Units, DegreesAndRadiansAreAnglesOfDifferentScale) {
  EXPECT_EQ(Read({{"degrees"}}), DegreeUnit());
  EXPECT_TRUE(Read({{"radians"}}).radians);
  EXPECT_EQ(Read({{"radians"}}).dimensions, DegreeUnit().dimensions);
  EXPECT_EQ(Read({{"degrees"}, {"Celsius"}}), Read({{"celsius"}}));
  EXPECT_NE(Read({{"celsius"}}).dimensions, Read({{"fahrenheit"}}).dimensions);
}

}  // namespace
}  // namespace cohort
