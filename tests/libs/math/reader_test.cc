#include "libs/math/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/libs/math/tree_text.h"

namespace cohort {
namespace {

std::string Tree(std::string_view text, const ReadOptions& options = {}) {
  const Result<Node> read = ReadAnswer(text, options);
  return read.ok() ? TreeText(*read) : "error: " + read.status().message();
}

// As an answer to a gold with these variables.
std::string AnswerTree(std::string_view text, std::vector<std::string> symbols) {
  return Tree(text, {&symbols, DecimalComma::kRefused});
}

TEST(Reader, SumsAndProductsBindFromTheLeft) {
  EXPECT_EQ(Tree("1+2-x"), "(+ 1 2 (- x))");
  EXPECT_EQ(Tree("2x+3"), "(+ (* 2 x) 3)");
  EXPECT_EQ(Tree("1/2x"), "(/ (* 1 x) 2)");
  EXPECT_EQ(Tree("1/(2x)"), "(/ 1 (* 2 x))");
  EXPECT_EQ(Tree("8/2/2"), "(/ 8 (* 2 2))");
  EXPECT_EQ(Tree("(a+5)(b+2)"), "(* (+ a 5) (+ b 2))");
  EXPECT_EQ(Tree("-x^2"), "(- (^ x 2))");
  EXPECT_EQ(Tree("-5"), "-5");
  EXPECT_EQ(Tree("2 3"), "error: \"3\" where it does not belong");
}

TEST(Reader, PowersBindFromTheRight) {
  EXPECT_EQ(Tree("2^3^2"), "(^ 2 (^ 3 2))");
  EXPECT_EQ(Tree("2^{3^2}"), "(^ 2 (^ 3 2))");
  EXPECT_EQ(Tree("x^{-1}"), "(^ x -1)");
  EXPECT_EQ(Tree("x^-1"), "(^ x (- 1))");
  EXPECT_EQ(Tree("5!"), "(factorial 5)");
  EXPECT_EQ(Tree("5!!"), "error: \"!\" where it does not belong");
}

TEST(Reader, FractionsTakeDigitsOneByOne) {
  EXPECT_EQ(Tree("\\frac12"), "(/ 1 2)");
  EXPECT_EQ(Tree("\\frac{14}3"), "(/ 14 3)");
  EXPECT_EQ(Tree("\\frac123"), "error: \"3\" where it does not belong");
  EXPECT_EQ(Tree("\\frac\\pi2"), "(/ pi 2)");
  EXPECT_EQ(Tree("\\frac1"), "error: it ends too early");
}

TEST(Reader, MixedNumbersAreAdded) {
  EXPECT_EQ(Tree("1\\frac{1}{2}"), "3/2");
  EXPECT_EQ(Tree("1 1/2"), "3/2");
  EXPECT_EQ(Tree("1½"), "3/2");
  EXPECT_EQ(Tree("-1\\frac12"), "-3/2");
  EXPECT_EQ(Tree("1\\frac{x}{2}"), "(* 1 (/ x 2))");
}

TEST(Reader, RootsAndFunctions) {
  EXPECT_EQ(Tree("\\sqrt2"), "(root 2 2)");
  EXPECT_EQ(Tree("\\sqrt13"), "(root 13 2)");
  EXPECT_EQ(Tree("\\sqrt[3]{x}"), "(root x 3)");
  EXPECT_EQ(Tree("sqrt(2)"), "(root 2 2)");
  EXPECT_EQ(Tree("\\sin 2x"), "(sin (* 2 x))");
  EXPECT_EQ(Tree("\\sin^2 x"), "(^ (sin x) 2)");
  EXPECT_EQ(Tree("\\sin^{-1} x"), "(arcsin x)");
  EXPECT_EQ(Tree("\\sin^{-2} x"), "error: a negative power behind sin");
  EXPECT_EQ(Tree("\\ln^{-1} x"), "error: a negative power behind ln");
  EXPECT_EQ(Tree("\\log_2 8"), "(log 8 2)");
  EXPECT_EQ(Tree("\\log_10(x)"), "(log x 10)");
  EXPECT_EQ(Tree("\\binom{5}{2}"), "(binom 5 2)");
  EXPECT_EQ(Tree("\\gcd(4,6)"), "(gcd 4 6)");
  EXPECT_EQ(Tree("\\gcd(4)"), "error: the wrong number of arguments of gcd");
  EXPECT_EQ(Tree("|x-1|"), "(abs (+ x -1))");
  EXPECT_EQ(Tree("\\lfloor 2.5 \\rfloor"), "(floor 5/2)");
  EXPECT_EQ(Tree("f'(x)"), "error: derivatives are not computed");
}

TEST(Reader, ListsTuplesAndSets) {
  EXPECT_EQ(Tree("1, 2"), "(list , 1 2)");
  EXPECT_EQ(Tree("1, 2, and 3"), "(list ,a 1 2 3)");
  EXPECT_EQ(Tree("1 or 2"), "(list o 1 2)");
  EXPECT_EQ(Tree("(1, 2]"), "((] 1 2)");
  EXPECT_EQ(Tree("(1)"), "1");
  EXPECT_EQ(Tree("(1]"), "error: brackets that do not match");
  EXPECT_EQ(Tree("(1 or 2)"), "error: words inside brackets");
  EXPECT_EQ(Tree("\\{1, 2\\}"), "(set 1 2)");
  EXPECT_EQ(Tree("\\{\\}"), "(set)");
  EXPECT_EQ(Tree("\\emptyset"), "(set)");
  EXPECT_EQ(Tree("\\langle 1, 2 \\rangle"), "(<> 1 2)");
  EXPECT_EQ(Tree("1:2"), "(ratio 1 2)");
}

TEST(Reader, RelationsAndSetsOfReals) {
  EXPECT_EQ(Tree("x = 5"), "(relation = x 5)");
  EXPECT_EQ(Tree("1 < x \\le 2"), "(relation <l 1 x 2)");
  EXPECT_EQ(Tree("x \\in [-2,7]"), "(in x ([] -2 7))");
  EXPECT_EQ(Tree("(0,9) \\cup (9,36)"), "(union (() 0 9) (() 9 36))");
  EXPECT_EQ(Tree("\\mathbb{R}"), "(reals)");
  EXPECT_EQ(Tree("x \\approx 5"), "error: \"~=\" where it does not belong");
}

TEST(Reader, Matrices) {
  EXPECT_EQ(Tree("\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}"),
            "(matrix p (row 1 2) (row 3 4))");
  EXPECT_EQ(Tree("\\begin{vmatrix} 1 & 2 \\\\ 3 & 4 \\end{vmatrix}"),
            "(matrix v (row 1 2) (row 3 4))");
  EXPECT_EQ(Tree("\\begin{array}{cc} 1 & 2 \\end{array}"), "(matrix p (row 1 2))");
  EXPECT_EQ(Tree("2\\begin{pmatrix} x \\end{pmatrix}"), "(matrix p (row (* 2 x)))");
  EXPECT_EQ(Tree("\\begin{pmatrix} 1 & 2 \\\\ 3 \\end{pmatrix}"),
            "error: a matrix with rows of different length");
  EXPECT_EQ(Tree("\\begin{vmatrix} 1 & 2 \\end{vmatrix}"),
            "error: the determinant of a matrix that is not square");
  EXPECT_EQ(Tree("\\begin{pmatrix} 1"), "error: it ends too early");
  EXPECT_EQ(Tree("\\begin{cases} 1 \\end{cases}"), "error: the environment cases is not read");
}

TEST(Reader, QuantitiesAndBases) {
  EXPECT_EQ(Tree("5 \\text{ cm}"), "(quantity 5)");
  EXPECT_EQ(Tree("50\\%"), "(percent 50)");
  EXPECT_EQ(Tree("50 percent"), "(percent 50)");
  EXPECT_EQ(Tree("90^\\circ"), "(degrees 90)");
  EXPECT_EQ(Tree("\\$18.90"), "(quantity 189/10)");
  EXPECT_EQ(Tree("2 million"), "(* 2 1000000)");
  EXPECT_EQ(Tree("204_5"), "(base 204 5)");
  EXPECT_EQ(Tree("204_{\\text{five}}"), "(base 204 5)");
  EXPECT_EQ(Tree("204 base 5"), "(base 204 5)");
  EXPECT_EQ(Tree("204 (base five)"), "(base 204 5)");
  EXPECT_EQ(Tree("2.5_5"), "error: \"_\" where it does not belong");
  EXPECT_EQ(Tree("x apples"), "error: \"apples\" is no unit");
}

TEST(Reader, LettersOfAnAnswerAreReadInTheLightOfTheGold) {
  EXPECT_EQ(AnswerTree("xy", {"x", "y"}), "(* x y)");
  EXPECT_EQ(AnswerTree("5 m", {}), "(quantity 5)");
  EXPECT_EQ(AnswerTree("5 m", {"m"}), "(* 5 m)");
  EXPECT_EQ(AnswerTree("sinx", {"x"}), "(sin x)");
  EXPECT_EQ(AnswerTree("maybe", {"x"}), "error: \"maybe\" where it does not belong");
  EXPECT_EQ(Tree("e"), "e");
  EXPECT_EQ(Tree("e_1"), "e_1");
  EXPECT_EQ(Tree("x_{12}"), "x_12");
}

TEST(Reader, AllOrNothing) {
  for (const char* text :
       {"5)",         "(5",     "{5",   "5}",      "|5",        "5 +",
        "+",          "5 =",    ",",    "5,",      "\\frac{1}", "x^",
        "x_",         "\\sqrt", "\\{1", "1 \\cup", "5 \\in",    "\\langle 1 \\rangle",
        "5 is right",

        "\\sin",      "\\log_", "&",    "\\\\",    "5 \\right"}) {
    if (std::string_view(text) == "5 \\right") {
      EXPECT_EQ(Tree(text), "5");
      continue;
    }
    EXPECT_THAT(Tree(text), ::testing::StartsWith("error: ")) << text;
  }
}

TEST(Reader, SaysWhatIsUnderstoodAndNotComputed) {
  for (const char* text : {"\\int x dx", "\\sum_{k=1}^n k", "\\lim_{x \\to 0} x", "f'(x)",
                           "A \\cap B", "\\begin{align} x \\end{align}"}) {
    EXPECT_EQ(ReadAnswer(text, {}).status().code(), StatusCode::kFailedPrecondition) << text;
  }
}

std::string Nested(const std::string& open, int levels, const std::string& close) {
  std::string text;
  for (int i = 0; i < levels; ++i) text += open;
  text += "1";
  for (int i = 0; i < levels; ++i) text += close;
  return text;
}

TEST(Reader, RefusesNestingBeyondItsLimitWhateverIsNested) {
  EXPECT_TRUE(ReadAnswer(Nested("(", 19, ")"), {}).ok());
  const std::pair<const char*, const char*> pieces[] = {{"(", ")"},
                                                        {"{", "}"},
                                                        {"\\{", "\\}"},
                                                        {"\\frac{", "}{2}"},
                                                        {"\\sqrt{", "}"},
                                                        {"2^{", "}"},
                                                        {"\\sin(", ")"},
                                                        {"\\sin ", ""},
                                                        {"\\langle 0, ", "\\rangle"},
                                                        {"\\lfloor ", "\\rfloor"},
                                                        {"\\begin{pmatrix}", "\\end{pmatrix}"},
                                                        {"|(", ")|"},
                                                        {"\\log_{", "}2"},
                                                        {"\\sqrt[", "]{2}"},
                                                        {"\\binom{", "}{2}"},
                                                        {"√", ""},
                                                        {"2^", ""}};
  for (const auto& [open, close] : pieces) {
    const Result<Node> read = ReadAnswer(Nested(open, 1000, close), {});
    ASSERT_FALSE(read.ok()) << open;
    EXPECT_NE(read.status().message(), "") << open;
  }
  EXPECT_EQ(ReadAnswer(Nested("(", 1000, ")"), {}).status().code(), StatusCode::kResourceExhausted);
}

TEST(Reader, RefusesAMatrixTimesALongProduct) {
  std::string text = "2";
  for (int i = 0; i < 500; ++i) text += "*2";
  text += "\\begin{pmatrix}1";
  for (int i = 0; i < 500; ++i) text += "&1";
  EXPECT_EQ(ReadAnswer(text + "\\end{pmatrix}", {}).status().code(),
            StatusCode::kResourceExhausted);
}

TEST(Reader, MinusSignsDoNotNest) { EXPECT_EQ(Tree(std::string(1000, '-') + "5"), "(- (- 5))"); }

TEST(Reader, RefusesMoreThanEightPlusMinusSigns) {
  std::string text = "1";
  for (int i = 0; i < 8; ++i) text += "\\pm 1";
  EXPECT_TRUE(ReadAnswer(text, {}).ok());
  EXPECT_EQ(ReadAnswer(text + "\\pm 1", {}).status().code(), StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace cohort
