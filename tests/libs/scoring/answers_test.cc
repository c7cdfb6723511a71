#include "libs/scoring/answers.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "libs/base/rng.h"

namespace cohort {
namespace {

TEST(ExactMatch, IgnoresWhiteSpaceAtTheEndsOnly) {
  EXPECT_TRUE(ExactMatch(" 1\n", "1"));
  EXPECT_TRUE(ExactMatch("a  b", "a  b"));
  EXPECT_FALSE(ExactMatch("a b", "a  b"));
  EXPECT_FALSE(ExactMatch("A", "a"));
  EXPECT_FALSE(ExactMatch("1.0", "1"));
  EXPECT_FALSE(ExactMatch("", "1"));
}

TEST(LastNumber, IsTheRightmostOneInCanonicalForm) {
  const struct {
    const char* text;
    const char* number;
  } cases[] = {
      {"3 + 4 = 7", "7"},
      {"The answer is 42.", "42"},
      {"42", "42"},
      {"-5", "-5"},
      {"5-3", "-3"},
      {"x = -12, so", "-12"},
      {"1,234", "1234"},
      {"1,234,", "1234"},
      {"3, 4", "4"},
      {"1,2,3", "123"},
      {"007", "7"},
      {"0", "0"},
      {"-0", "0"},
      {"-0.00", "0"},
      {"5.0", "5"},
      {"5.50", "5.5"},
      {"1,250.50 dollars", "1250.5"},
      {"5.", "5"},
      {"5.x", "5"},
      {"1.2.3", "3"},
      {"0.125", "0.125"},
      {".5", "5"},
      {"7 - ", "7"},
      {"--7", "-7"},
      {"12abc", "12"},
      {"99999999999999999999999999", "99999999999999999999999999"},
      {"\xD9\xA3 and 4", "4"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(LastNumber(c.text), std::optional<std::string>(c.number)) << c.text;
  }
}

TEST(LastNumber, IsNothingWhereNoDigitStands) {
  for (const char* text : {"", " ", "-", "none", ",", ".", "-,.", "\xD9\xA3"}) {
    EXPECT_EQ(LastNumber(text), std::nullopt) << text;
  }
}

TEST(LastNumber, TakesAMegabyteOfDigitsInItsStride) {
  const std::string digits(1 << 20, '7');
  EXPECT_EQ(LastNumber(digits), digits);
  EXPECT_EQ(LastNumber(std::string(1 << 20, '-')), std::nullopt);
  EXPECT_EQ(LastNumber(std::string(1 << 20, '0') + ".0"), "0");
}

TEST(LastNumber, WithstandsRandomText) {
  constexpr std::string_view kAlphabet = "0123456789,.- -x";
  Rng rng(5);
  for (int round = 0; round < 100'000; ++round) {
    std::string text(rng.Below(24), ' ');
    for (char& c : text) c = kAlphabet[rng.Below(kAlphabet.size())];
    const std::optional<std::string> number = LastNumber(text);
    const bool has_digit = text.find_first_of("0123456789") != std::string::npos;
    ASSERT_EQ(number.has_value(), has_digit) << text;
    // Canonical form is its own canonical form.
    if (number) {
      ASSERT_EQ(LastNumber(*number), number) << text;
    }
    if (number) {
      ASSERT_EQ(NumberText(*number), number) << text;
    }
  }
}

TEST(NumberText, IsTheWholeTextOrNothing) {
  EXPECT_EQ(NumberText(" 1,000 \n"), "1000");
  EXPECT_EQ(NumberText("-3.50"), "-3.5");
  for (const char* text : {"", "  ", "seven", "7 apples", "$7", "1 2", "7.", "7,", "1e5", "--7"}) {
    EXPECT_EQ(NumberText(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace cohort
