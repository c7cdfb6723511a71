#include "libs/math/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/math/wrapping.h"
#include "tests/libs/math/tree_text.h"

namespace cohort {
namespace {

// Tokens between spaces: n: number, w: word, t: word in text, i: name, c: command, the signs bare.
std::string Tokens(std::string_view text, DecimalComma comma = DecimalComma::kRefused) {
  const Result<std::vector<Token>> read = ReadTokens(text, comma);
  if (!read.ok()) return "error: " + read.status().message();
  std::string line;
  for (const Token& token : *read) {
    if (token.kind == Token::Kind::kEnd) break;
    if (!line.empty()) line += ' ';
    switch (token.kind) {
      case Token::Kind::kNumber:
        line += "n:" + RationalText(token.number);
        break;
      case Token::Kind::kWord:
        line += (token.in_text ? "t:" : "w:") + token.text;
        break;
      case Token::Kind::kName:
        line += "i:" + token.text;
        break;
      case Token::Kind::kCommand:
        line += "c:" + token.text;
        break;
      default:
        line += token.text;
    }
  }
  return line;
}

TEST(Tokens, LatexUnicodeAndPlainTextMeanTheSame) {
  EXPECT_EQ(Tokens("\\frac{1}{2}"), "c:frac { n:1 } { n:2 }");
  EXPECT_EQ(Tokens("\\dfrac12"), "c:frac n:12");
  EXPECT_EQ(Tokens("2 \\cdot x"), "n:2 * w:x");
  EXPECT_EQ(Tokens("2·x"), "n:2 * w:x");
  EXPECT_EQ(Tokens("2*x"), "n:2 * w:x");
  EXPECT_EQ(Tokens("x**2"), "w:x ^ n:2");
  EXPECT_EQ(Tokens("x²³"), "w:x ^ { n:23 }");
  EXPECT_EQ(Tokens("x₁"), "w:x _ { n:1 }");
  EXPECT_EQ(Tokens("x⁻¹"), "w:x ^ { - n:1 }");
  EXPECT_EQ(Tokens("½"), "n:1/2");
  EXPECT_EQ(Tokens("√2 ≤ π"), "c:usqrt n:2 <= c:pi");
  EXPECT_EQ(Tokens("θ"), "i:theta");
  EXPECT_EQ(Tokens("−5"), "- n:5");
  EXPECT_EQ(Tokens("\\left( 1, 2 \\right]"), "( n:1 , n:2 ]");
}

TEST(Tokens, GroupsOfThreeDigitsAreOneNumber) {
  EXPECT_EQ(Tokens("1,234,567"), "n:1234567");
  EXPECT_EQ(Tokens("1{,}234"), "n:1234");
  EXPECT_EQ(Tokens("1,\\!234"), "n:1234");
  EXPECT_EQ(Tokens("1 234"), "n:1234");
  EXPECT_EQ(Tokens("1\u202f234.5"), "n:2469/2");
  EXPECT_EQ(Tokens("1,23"), "n:1 , n:23");
  EXPECT_EQ(Tokens("1,2345"), "n:1 , n:2345");
  EXPECT_EQ(Tokens("1234,567"), "n:1234 , n:567");
  EXPECT_EQ(Tokens("(1,234)"), "( n:1 , n:234 )");
}

TEST(Tokens, DecimalsRepetitionsAndExponents) {
  EXPECT_EQ(Tokens(".5"), "n:1/2");
  EXPECT_EQ(Tokens("0.\\overline{3}"), "n:1/3");
  EXPECT_EQ(Tokens("0.1\\bar{6}"), "n:1/6");
  EXPECT_EQ(Tokens("1.5e3"), "n:1500");
  EXPECT_EQ(Tokens("25e-2"), "n:1/4");
  EXPECT_EQ(Tokens("1e99999"), "error: a number's exponent is too large");
  EXPECT_EQ(Tokens("1,25", DecimalComma::kAccepted), "n:5/4");
  EXPECT_EQ(Tokens("1,25", DecimalComma::kRefused), "n:1 , n:25");
}

TEST(Tokens, RememberTheDigitsOfADecimal) {
  const Result<std::vector<Token>> read = ReadTokens("0.0120", DecimalComma::kRefused);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ((*read)[0].decimals, 4);
  EXPECT_EQ((*read)[0].significant, 3);
  EXPECT_EQ((*read)[0].text, "");
  EXPECT_EQ((*ReadTokens("007", DecimalComma::kRefused))[0].text, "007");
}

TEST(Tokens, TextIsMarked) {
  EXPECT_EQ(Tokens("5 \\text{ cm}"), "n:5 t:cm");
  EXPECT_EQ(Tokens("\\mathrm{e}"), "w:e");
  EXPECT_EQ(Tokens("\\mathrm{cm}"), "t:cm");
  EXPECT_EQ(Tokens("\\text{Ann's}"), "t:Ann's");
  EXPECT_EQ(Tokens("\\textbf{(B)}"), "( t:B )");
  EXPECT_EQ(Tokens("\\vec{v}"), "i:vec v");
}

TEST(Tokens, DollarsAreMarksOrMoney) {
  EXPECT_EQ(Tokens("$5$ or $6$"), "n:5 w:or n:6");
  EXPECT_EQ(Tokens("$5"), "$ n:5");
  EXPECT_EQ(Tokens("\\$5"), "$ n:5");
}

TEST(Tokens, NothingIsDropped) {
  EXPECT_EQ(Tokens("5 # 6"), "error: a character that is no mathematics");
  EXPECT_EQ(Tokens(std::string_view("5\0 6", 4)), "error: a character that is no mathematics");
  EXPECT_EQ(Tokens("5\xff"), "error: a character that is no mathematics");
  EXPECT_EQ(Tokens("好"), "error: a character that is no mathematics");
  EXPECT_EQ(Tokens("\\foo"), "error: the command \\foo");
  EXPECT_EQ(Tokens("5\\"), "error: a backslash at the end");
  EXPECT_EQ(Tokens("\\text{5"), "error: a brace is not closed");
  EXPECT_EQ(Tokens("\\text"), "error: \\text without its argument");
  EXPECT_EQ(Tokens("\\mathbb{Z}"), "error: the set \\mathbb{Z}");
  EXPECT_EQ(Tokens("\\sum x"), "error: \\sum is not computed");
}

TEST(Tokens, TextInsideTextHasALimit) {
  std::string text = "5";
  for (int i = 0; i < 20; ++i) text = "\\text{" + text + "}";
  EXPECT_EQ(ReadTokens(text, DecimalComma::kRefused).status().code(),
            StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace cohort
