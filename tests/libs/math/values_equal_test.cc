#include "libs/math/values_equal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/math/algebraic_domain.h"
#include "libs/math/ball_domain.h"
#include "libs/math/rational_domain.h"
#include "libs/math/reader.h"
#include "tests/libs/math/tree_text.h"

namespace cohort {
namespace {

Node Read(std::string_view text) {
  const Result<Node> node = ReadAnswer(text, {});
  EXPECT_TRUE(node.ok()) << text << ": " << node.status().ToString();
  return node.ok() ? *node : Node();
}

Equality Compare(std::string_view gold, std::string_view answer, int64_t cost = Budget::kDefault) {
  Budget budget(/*seed=*/7, cost);
  return ValuesEqual(Read(gold), Read(answer), &budget);
}

TEST(Ladder, TheSameTreeIsEqualWithoutACost) {
  EXPECT_EQ(Compare("\\sqrt{2+\\sqrt{3}}", "\\sqrt{2+\\sqrt{3}}", /*cost=*/0), Equality::kEqual);
  EXPECT_EQ(Compare("12", "12", /*cost=*/0), Equality::kEqual);
}

TEST(Ladder, RationalNumbersAreDecidedExactly) {
  EXPECT_EQ(Compare("\\frac{1}{3}", "\\frac{2}{6}"), Equality::kEqual);
  EXPECT_EQ(Compare("\\frac{1}{3}", "0.3333333333333333"), Equality::kDifferent);
  EXPECT_EQ(Compare("2^{100}+1", "2^{100}"), Equality::kDifferent);
  EXPECT_EQ(Compare("4", "(-8)^{2/3}"), Equality::kEqual);
  EXPECT_EQ(Compare("3", "\\sqrt{9}"), Equality::kEqual);
  EXPECT_EQ(Compare("2520", "\\operatorname{lcm}(1,2,3,4,5,6,7,8,9,10)"), Equality::kEqual);
  EXPECT_EQ(Compare("252", "\\binom{10}{5}"), Equality::kEqual);
}

TEST(Ladder, RationalFunctionsAreDecidedAtPoints) {
  EXPECT_EQ(Compare("x^2-1", "(x-1)(x+1)"), Equality::kEqual);
  EXPECT_EQ(Compare("x", "\\frac{x^2}{x}"), Equality::kEqual);
  EXPECT_EQ(Compare("x^2-1", "(x-1)(x+1)+0.000001x"), Equality::kDifferent);
  EXPECT_EQ(Compare("x", "y"), Equality::kDifferent);
  EXPECT_EQ(Compare("2", "x"), Equality::kDifferent);
}

TEST(Ladder, BallsTellIrrationalConstantsApart) {
  EXPECT_EQ(Compare("\\pi", "\\frac{22}{7}"), Equality::kDifferent);
  EXPECT_EQ(Compare("\\sqrt{2}", "\\sqrt{3}"), Equality::kDifferent);
  EXPECT_EQ(Compare("\\ln 640320^3 + 744", "\\sqrt{163}\\pi"), Equality::kDifferent);
  EXPECT_EQ(Compare("e^{\\pi\\sqrt{163}}", "262537412640768744"), Equality::kDifferent);
}

TEST(Ladder, AlgebraicNumbersAreProvedEqual) {
  EXPECT_EQ(Compare("\\sqrt{2}+\\sqrt{3}", "\\sqrt{5+2\\sqrt{6}}"), Equality::kEqual);
  EXPECT_EQ(Compare("\\frac{1}{\\sqrt{2}}", "\\frac{\\sqrt{2}}{2}"), Equality::kEqual);
  EXPECT_EQ(Compare("1", "\\sqrt[3]{2+\\sqrt{5}}+\\sqrt[3]{2-\\sqrt{5}}"), Equality::kEqual);
  EXPECT_EQ(Compare("\\frac{\\sqrt{3}}{2}", "\\sin\\frac{\\pi}{3}"), Equality::kEqual);
  EXPECT_EQ(Compare("\\frac{\\sqrt{3}}{2}", "\\cos 30^\\circ"), Equality::kEqual);
  EXPECT_EQ(
      Compare("\\frac{1}{8}", "\\cos\\frac{\\pi}{7}\\cos\\frac{2\\pi}{7}\\cos\\frac{3\\pi}{7}"),
      Equality::kEqual);
  EXPECT_EQ(Compare("-1", "i^2"), Equality::kEqual);
  EXPECT_EQ(Compare("-1", "e^{i\\pi}"), Equality::kEqual);
}

TEST(Ladder, OtherConstantsStandForThemselves) {
  EXPECT_EQ(Compare("2\\pi", "\\pi+\\pi"), Equality::kEqual);
  EXPECT_EQ(Compare("\\ln 6", "\\ln 2 + \\ln 3"), Equality::kEqual);
  EXPECT_EQ(Compare("3\\ln 2", "\\ln 8"), Equality::kEqual);
  EXPECT_EQ(Compare("3", "\\log_2 8"), Equality::kEqual);
  EXPECT_EQ(Compare("\\frac{\\ln 3}{\\ln 2}", "\\log_2 3"), Equality::kEqual);
  EXPECT_EQ(Compare("\\frac{\\pi}{4}", "\\arctan 1"), Equality::kEqual);
  EXPECT_EQ(Compare("e^2", "e \\cdot e"), Equality::kEqual);
}

TEST(Ladder, LogarithmsOfLargeNumbersAreNotFactored) {
  // 2^59.02 × 2^58.19, both prime: factoring it takes a tenth of a second.
  const std::string semiprime = "166157114808402661378325011911901493";
  EXPECT_EQ(Compare("\\ln 2", "\\ln 2 + \\ln " + semiprime + " - \\ln " + semiprime),
            Equality::kEqual);
  EXPECT_EQ(Compare("\\ln 6 + 2\\ln 1000003", "\\ln 6000036000054"), Equality::kEqual);
  EXPECT_EQ(Compare("\\ln 1000003 + \\ln 1000033", "\\ln 1000036000099"), Equality::kEqual);
  EXPECT_EQ(Compare("3\\ln 1000003", "\\ln 1000009000027000027"), Equality::kEqual);
  EXPECT_EQ(Compare("\\ln 18446744073709551629", "\\ln 13"), Equality::kDifferent);
}

TEST(Ladder, FunctionsThatTouchAtEveryPointAreEqual) {
  EXPECT_EQ(Compare("1", "\\sin^2 x + \\cos^2 x"), Equality::kEqual);
  EXPECT_EQ(Compare("\\cot x", "\\frac{\\cos x}{\\sin x}"), Equality::kEqual);
  EXPECT_EQ(Compare("|x|", "\\sqrt{x^2}"), Equality::kEqual);
  EXPECT_EQ(Compare("x", "\\sqrt{x^2}"), Equality::kDifferent);
  EXPECT_EQ(Compare("\\sin 2x", "2 \\sin x \\cos x"), Equality::kEqual);
  EXPECT_EQ(Compare("\\sin 2x", "2 \\sin x"), Equality::kDifferent);
}

TEST(Ladder, WhatIsNotProvedIsUndecided) {
  EXPECT_EQ(Compare("1", "1+e^{-20000}"), Equality::kUndecided);
}

TEST(Ladder, NoValueIsEqualToNothing) {
  EXPECT_EQ(Compare("1", "\\frac{1}{0}"), Equality::kUndefined);
  EXPECT_EQ(Compare("1", "(-1)!"), Equality::kUndefined);
  EXPECT_EQ(Compare("1", "0^0"), Equality::kUndefined);
}

TEST(Ladder, StopsWhenTheBudgetIsSpent) {
  EXPECT_EQ(Compare("\\sqrt{2}+\\sqrt{3}", "\\sqrt{5+2\\sqrt{6}}", /*cost=*/1000),
            Equality::kTooCostly);
  EXPECT_EQ(Compare("\\sin 2x", "2 \\sin x \\cos x", /*cost=*/1000), Equality::kTooCostly);
}

TEST(Ladder, HugePowersAndFactorialsAreRefusedBeforeTheyAreComputed) {
  for (const char* text :
       {"10^{10^{10}}", "9^{9^{9^9}}", "2^{100000}", "100000!", "\\binom{10^9}{5000}", "(10^9)!",
        "2^{2^{2^{2^{2^2}}}}", "3^{100000} \\cdot 3^{-99999}"}) {
    const Equality result = Compare("7", text);
    EXPECT_NE(result, Equality::kEqual) << text;
  }
}

TEST(RationalDomain, KnowsTheLimitOfBits) {
  Budget budget;
  Rational out;
  EXPECT_EQ(RationalPower(Rational(2), Rational(9000), &budget, &out), Evaluation::kOk);
  EXPECT_EQ(RationalPower(Rational(2), Rational(40000), &budget, &out), Evaluation::kBeyond);
  EXPECT_EQ(RationalPower(Rational(-1), Rational(1000000001), &budget, &out), Evaluation::kOk);
  EXPECT_EQ(RationalText(out), "-1");
  EXPECT_EQ(RationalPower(Rational(-8), Rational(1, 3), &budget, &out), Evaluation::kOk);
  EXPECT_EQ(RationalText(out), "-2");
  EXPECT_EQ(RationalPower(Rational(-4), Rational(1, 2), &budget, &out), Evaluation::kBeyond);
  EXPECT_EQ(RationalPower(Rational(0), Rational(-1), &budget, &out), Evaluation::kUndefined);
}

TEST(AlgebraicDomain, RefusesDegreesAboveItsLimit) {
  Budget budget;
  AlgebraicDomain domain(1, &budget);
  Algebraic out;
  EXPECT_EQ(Evaluate(Read("\\sqrt2+\\sqrt3"), domain, &out), Evaluation::kOk);
  EXPECT_EQ(Evaluate(Read("\\sqrt2+\\sqrt3+\\sqrt5+\\sqrt7+\\sqrt{11}+\\sqrt{13}"), domain, &out),
            Evaluation::kTooCostly);
}

TEST(BallDomain, RefusesExponentsWithoutBound) {
  Budget budget;
  BallDomain domain(0, 64, &budget);
  Ball out;
  EXPECT_EQ(Evaluate(Read("2^{2^{30}}"), domain, &out), Evaluation::kOk);
  EXPECT_NE(Evaluate(Read("2^{2^{50}}"), domain, &out), Evaluation::kOk);
}

TEST(Rounding, IsWithinHalfAUnitOfTheLastDigitBothEndsIncluded) {
  Budget budget;
  const Node gold = Read("3.14");
  for (const char* text : {"3.14", "3.141", "3.135", "3.145", "\\pi", "\\frac{22}{7}"})
    EXPECT_TRUE(RoundsTo(gold, Read(text), &budget)) << text;
  for (const char* text : {"3.1349", "3.1451", "3.1", "x", "e"})
    EXPECT_FALSE(RoundsTo(gold, Read(text), &budget)) << text;
}

TEST(Proportionality, IsOfFunctionsAndOfASignIfAsked) {
  Budget budget;
  EXPECT_EQ(Proportional(Read("2x-2y"), Read("y-x"), /*positive=*/false, &budget),
            Equality::kEqual);
  EXPECT_EQ(Proportional(Read("2x-2y"), Read("y-x"), /*positive=*/true, &budget),
            Equality::kDifferent);
  EXPECT_EQ(Proportional(Read("2x-2y"), Read("x+y"), /*positive=*/false, &budget),
            Equality::kDifferent);
  EXPECT_EQ(Proportional(Read("\\pi x"), Read("x"), /*positive=*/true, &budget), Equality::kEqual);
}

TEST(Order, OfConstantsIsCertainOrNotKnown) {
  Budget budget;
  EXPECT_TRUE(CertainlyLess(Read("\\sqrt2"), Read("\\frac32"), &budget));
  EXPECT_FALSE(CertainlyLess(Read("\\frac32"), Read("\\sqrt2"), &budget));
  EXPECT_FALSE(CertainlyLess(Read("\\sqrt2"), Read("\\sqrt2"), &budget));
  EXPECT_FALSE(CertainlyLess(Read("1"), Read("x"), &budget));
  EXPECT_FALSE(CertainlyLess(Read("1"), Read("i"), &budget));
}

// Balls that are too wide to say something, differences below the precision, points that agree by
// accident: what a policy would find.
TEST(Ladder, IsNotFooledByWhatTouches) {
  for (const char* answer :
       {"x+2^{65000}-2^{65000}", "10^{400}+\\sin(x)-10^{400}", "x-x+10^9\\sin(10^{600})",
        "1e400(\\sin x-\\sin x)+\\pi", "5+10^{-400}\\sin x", "5\\cos(10^{-300}x)", "5x^{10^{-400}}",
        "5+1000(x-\\frac{10}{149})(x+\\frac{3014}{1081})(x-\\frac{539}{457})", "5\\tanh(1000(x+5))",
        "5+e^{-1000|x+10|}", "5+\\lfloor x^2/17\\rfloor", "5+(|\\pi-3|-3+\\pi)\\sin(10^{400})",
        "5+(\\sin(2+\\sqrt2)-\\sin(2-\\sqrt2))\\sin(10^{400})"}) {
    EXPECT_NE(Compare("5", answer), Equality::kEqual) << answer;
  }
  EXPECT_NE(Compare("\\sin x", "\\sin x+10^{-400}"), Equality::kEqual);
}

TEST(Ladder, AsksOnBothSidesOfZeroAndFarFromIt) {
  for (const std::string letter : {"x", "m", "n", "v", "z", "g", "h", "s", "E", "F", "I", "V"}) {
    EXPECT_EQ(Compare(letter, "\\sqrt{" + letter + "^2}"), Equality::kDifferent) << letter;
    EXPECT_EQ(Compare("-" + letter, "|" + letter + "|"), Equality::kDifferent) << letter;
  }
  EXPECT_EQ(Compare("|x-5|", "5-x"), Equality::kDifferent);
  EXPECT_EQ(Compare("x", "\\min(x,70)"), Equality::kDifferent);
  EXPECT_EQ(Compare("x", "3\\arcsin(\\sin(x/3))"), Equality::kDifferent);
  EXPECT_EQ(Compare("|m-n|", "m-n"), Equality::kDifferent);
  EXPECT_EQ(Compare("|x|", "\\sqrt{x^2}"), Equality::kEqual);
}

TEST(Ladder, KnowsPowersOfVariablesAtIntegers) {
  EXPECT_EQ(Compare("2^{n+1}", "2\\cdot 2^n"), Equality::kEqual);
  EXPECT_EQ(Compare("(-1)^{n+1}", "-(-1)^n"), Equality::kEqual);
  EXPECT_EQ(Compare("e^{x+y}", "e^x e^y"), Equality::kEqual);
  EXPECT_EQ(Compare("2^{n+1}", "2^n+2"), Equality::kDifferent);
}

}  // namespace
}  // namespace cohort
