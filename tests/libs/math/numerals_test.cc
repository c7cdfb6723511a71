#include "libs/math/numerals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cohort {
namespace {

// The value, how many bytes it took, and its digits when it is a plain integer.
std::string Read(std::string_view text, const NumeralOptions& options = {}) {
  const Result<Numeral> read = ReadNumeral(text, options);
  if (!read.ok()) return "error: " + read.status().message();
  std::string found = ToText(read->value) + " in " + std::to_string(read->length);
  return read->digits.empty() ? found : found + " " + read->digits;
}

TEST(Numerals, GroupsOfThousands) {
  EXPECT_EQ(Read("1,234 x"), "1234 in 5 1234");
  EXPECT_EQ(Read("1{,}234"), "1234 in 7 1234");
  EXPECT_EQ(Read("1,2345"), "1 in 1 1");
  EXPECT_EQ(Read("0,123"), "0 in 1 0");
  NumeralOptions in_brackets;
  in_brackets.comma_groups = false;
  EXPECT_EQ(Read("1,234", in_brackets), "1 in 1 1");
  EXPECT_EQ(Read("1{,}234", in_brackets), "1234 in 7 1234");
}

TEST(Numerals, DecimalCommas) {
  NumeralOptions decimal;
  decimal.decimal_comma = true;
  EXPECT_EQ(Read("1,25", decimal), "5/4 in 4");
  EXPECT_EQ(Read("0,125", decimal), "1/8 in 5");
  EXPECT_EQ(Read("1,250", decimal), "1250 in 5 1250");
}

TEST(Numerals, WhatRepeats) {
  EXPECT_EQ(Read("0.\\overline{3}"), "1/3 in 14");
  EXPECT_EQ(Read("0.\\overline3"), "1/3 in 12");
  EXPECT_EQ(Read(".\\dot{3}"), "1/3 in 8");
  EXPECT_EQ(Read("0.1\\bar{6}"), "1/6 in 10");
  EXPECT_EQ(Read("0.\\dot{12}"), "0 in 2");
  EXPECT_EQ(Read("0.\\overline"), "0 in 2");
  EXPECT_EQ(Read(".\\bar{x}"), "error: a point without digits");
}

TEST(Numerals, PowersOfTen) {
  EXPECT_EQ(Read("1.5e3"), "1500 in 5");
  EXPECT_EQ(Read("15E-1"), "3/2 in 5");
  EXPECT_EQ(Read("2e"), "2 in 1 2");
  EXPECT_EQ(Read("1e401"), "error: a number's exponent is too large");
  EXPECT_EQ(Read("1e99999999999999999999999"), "error: a number's exponent is too large");
}

TEST(Numerals, StartWithADigitOrAPointBeforeOne) {
  EXPECT_TRUE(StartsNumeral("5"));
  EXPECT_TRUE(StartsNumeral(".5"));
  EXPECT_TRUE(StartsNumeral(".\\overline{3}"));
  for (const char* text : {"", ".", "x", "-5", ".x", ".\\overline"})
    EXPECT_FALSE(StartsNumeral(text)) << text;
}

}  // namespace
}  // namespace cohort
