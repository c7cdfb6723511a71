#include "libs/math/extract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "libs/math/marks.h"

namespace cohort {
namespace {

// "rule: answer", or "nothing".
std::string Found(std::string_view text) {
  const std::optional<ExtractedAnswer> found = ExtractAnswer(text);
  if (!found) return "nothing";
  return std::string(AnswerRuleName(found->rule)) + ": " + found->text;
}

TEST(Marks, MathematicsEndsBehindItsClosingMark) {
  EXPECT_EQ(EndOfMarked("a $x$ b", 2), 5U);
  EXPECT_EQ(EndOfMarked("$$x$$.", 0), 5U);
  EXPECT_EQ(EndOfMarked("\\(x\\).", 0), 5U);
  EXPECT_EQ(EndOfMarked("\\[\n x \\\\ y \n\\].", 0), 14U);
  EXPECT_EQ(EndOfMarked("$\\$5$", 0), 5U);
}

TEST(Marks, PricesAndOpenMarksAreNoMathematics) {
  for (const char* text : {"$5 and $6", "$ 5$", "$5 $", "$5$6", "$", "$$", "$$x$", "$x", "$x\n\ny$",
                           "\\(x", "\\[x\\)", "\\( \\(x\\)", "x"}) {
    EXPECT_EQ(EndOfMarked(text, 0), 0U) << text;
  }
  EXPECT_EQ(EndOfMarked("x", 7), 7U);
}

TEST(ExtractAnswer, TakesTheLastBox) {
  EXPECT_EQ(Found("so $\\boxed{5}$."), "box: 5");
  EXPECT_EQ(Found("\\boxed{4}, no: \\boxed{5}, as \\boxed{ 6 }!"), "box: 6");
  EXPECT_EQ(Found("\\fbox{7}"), "box: 7");
  EXPECT_EQ(Found("\\boxed {8}"), "box: 8");
  EXPECT_EQ(Found("\\boxed{Evelyn}"), "box: Evelyn");
  EXPECT_EQ(Found("\\boxed{5} and the answer is 6"), "box: 5");
}

TEST(ExtractAnswer, BalancesTheBracesOfABox) {
  EXPECT_EQ(Found("\\boxed{\\frac{1}{\\sqrt{2}}} or }"), "box: \\frac{1}{\\sqrt{2}}");
  EXPECT_EQ(Found("\\boxed{\\{1, 2\\}}"), "box: \\{1, 2\\}");
  EXPECT_EQ(Found("{ a \\boxed{5}"), "box: 5");
  EXPECT_EQ(Found("} a \\boxed{5}"), "box: 5");
  EXPECT_EQ(Found("\\boxed{a\\}b}"), "box: a\\}b");
}

TEST(ExtractAnswer, OfBoxesInsideOfEachOtherTheOuterCounts) {
  EXPECT_EQ(Found("\\boxed{x = \\boxed{5}}"), "box: x = \\boxed{5}");
  EXPECT_EQ(Found("\\boxed{x = \\boxed{5}"), "box: 5");
}

TEST(ExtractAnswer, AnEmptyOrOpenBoxIsNone) {
  EXPECT_EQ(Found("\\boxed{5}. It stands in \\boxed{}."), "box: 5");
  EXPECT_EQ(Found("\\boxed{5}, or rather \\boxed{6"), "box: 5");
  EXPECT_EQ(Found("I write it into \\boxed{ }.\nThe answer is 5."), "statement: 5");
  EXPECT_EQ(Found("\\boxed"), "bare: \\boxed");
}

TEST(ExtractAnswer, ABoxWithoutBracesHoldsOneSign) {
  EXPECT_EQ(Found("so \\boxed 5."), "box: 5");
  EXPECT_EQ(Found("so \\boxed5"), "box: 5");
  EXPECT_EQ(Found("so $\\boxed x$"), "box: x");
  for (const char* text : {"\\boxed 52", "\\boxed 5.2", "\\boxed 1,234", "\\boxed -5", "\\boxedx"})
    EXPECT_EQ(Found(text), "bare: " + std::string(text));
}

TEST(ExtractAnswer, TakesTheLastStatement) {
  EXPECT_EQ(Found("The answer is 4. No, the final answer is 5. I hope it is correct."),
            "statement: 5");
  EXPECT_EQ(Found("ANSWER: 5"), "statement: 5");
  EXPECT_EQ(Found("Answer：5"), "statement: 5");
  EXPECT_EQ(Found("The answers are 1 and 2."), "statement: 1 and 2");
  EXPECT_EQ(Found("3 + 4 = 7\n#### 7"), "statement: 7");
  EXPECT_EQ(Found("#### 7\nThe answer is: 8"), "statement: 8");
}

TEST(ExtractAnswer, AStatementEndsWithItsSentenceOrLine) {
  EXPECT_EQ(Found("The answer is 3.5. Then 4."), "statement: 3.5");
  EXPECT_EQ(Found("Answer: 5\nThat was easy."), "statement: 5");
  EXPECT_EQ(Found("Answer:\n\n5\n"), "statement: 5");
  EXPECT_EQ(Found("The answer is 5, because 2 + 3 is 5."), "statement: 5");
  EXPECT_EQ(Found("The answer is 5 since it must be."), "statement: 5");
  EXPECT_EQ(Found("The answer is 5 apples."), "statement: 5 apples");
}

TEST(ExtractAnswer, MathematicsInAStatementIsTakenWhole) {
  EXPECT_EQ(Found("The answer is $x = 5. $"), "statement: $x = 5");
  EXPECT_EQ(Found("The answer is \\(0. 5\\)."), "statement: \\(0. 5\\)");
  EXPECT_EQ(Found("The answer is\n\\[\n5\n\\]\nthat is all"), "statement: \\[\n5\n\\]");
  EXPECT_EQ(Found("The answer is $$\n5\n$$."), "statement: $$\n5\n$$");
  EXPECT_EQ(Found("The answer is $18.90."), "statement: $18.90");
}

TEST(ExtractAnswer, ItsHedgesBelongToAStatement) {
  EXPECT_EQ(Found("The answer is $5$ or $6$."), "statement: $5$ or $6$");
  EXPECT_EQ(Found("The answer is not 5."), "statement: not 5");
  EXPECT_EQ(Found("The answer is $5$ cm."), "statement: $5$ cm");
}

TEST(ExtractAnswer, BoldMarksFallAway) {
  EXPECT_EQ(Found("The answer is **5**."), "statement: 5");
  EXPECT_EQ(Found("**Answer:** 5"), "statement: 5");
  EXPECT_EQ(Found("**Answer**: **5**"), "statement: 5");
  EXPECT_EQ(Found("**The answer is 5**"), "statement: 5");
  EXPECT_EQ(Found("**The answer is 5.**"), "statement: 5");
  EXPECT_EQ(Found("The answer is **5** apples."), "statement: 5 apples");
  EXPECT_EQ(Found("The answer is 2**3"), "statement: 2**3");
}

TEST(ExtractAnswer, OtherWordsAnnounceNothing) {
  for (const char* text :
       {"The answer isn't 5 or 6, I think it is neither.",
        "My nonanswer is 5, really, for good reasons.", "An answer 5 would be good, but is it?",
        "See also ### 5 and ##### 6 in the long text.",
        "We asked: who answers the phone when it rings?"}) {
    EXPECT_EQ(Found(text), "nothing") << text;
  }
  EXPECT_EQ(Found("The answer is 5.\nAnswer:"), "statement: 5");
}

TEST(ExtractAnswer, TakesAShortTextAsItIs) {
  EXPECT_EQ(Found(" 42 \n"), "bare: 42");
  EXPECT_EQ(Found("$5$ or $6$"), "bare: $5$ or $6$");
  EXPECT_EQ(Found("\\frac{\\sqrt{3}}{\\sin x + \\cos x}"),
            "bare: \\frac{\\sqrt{3}}{\\sin x + \\cos x}");
  EXPECT_EQ(Found("no real solutions"), "bare: no real solutions");
  EXPECT_EQ(Found("½ · π ≤ 3"), "bare: ½ · π ≤ 3");
  EXPECT_EQ(Found("one two three four five"), "nothing");
  EXPECT_EQ(Found("1\n2"), "nothing");
  EXPECT_EQ(Found(std::string(201, '1')), "nothing");
}

TEST(ExtractAnswer, TakesMathematicsThatEndsTheTextAlone) {
  EXPECT_EQ(Found("First $a = 1$ holds.\nFrom this follows then $x = 5$."), "last: $x = 5$");
  EXPECT_EQ(Found("Some words stand here in a row:\n\\[\nx = 5.\n\\]"), "last: \\[\nx = 5.\n\\]");
  EXPECT_EQ(Found("We know $a$ and $b$.\n\nSo we have found that **$5$**."), "last: $5$");
}

TEST(ExtractAnswer, MathematicsAmongOthersIsNoAnswer) {
  for (const char* text :
       {"So we find that it is $5$ or $6$.", "So we find that it is 5 or perhaps $6$.",
        "So we find that it must be $5$ apples.", "So we find that it is either $5$ or\n$6$",
        "With $x = 5$ we go on and look at more.", "It may be $5$, it may be $6$, or even $7$"}) {
    EXPECT_EQ(Found(text), "nothing") << text;
  }
}

TEST(ExtractAnswer, FindsNothingInProse) {
  EXPECT_EQ(Found(""), "nothing");
  EXPECT_EQ(Found(" \n\t"), "nothing");
  EXPECT_EQ(Found("I do not know how one could solve this."), "nothing");
}

TEST(ExtractAnswer, LooksAtTheLastMegabyte) {
  const std::string long_text(10'000'000, 'x');
  EXPECT_EQ(Found(long_text), "nothing");
  EXPECT_EQ(Found(long_text + " \\boxed{5}"), "box: 5");
  EXPECT_EQ(Found("\\boxed{5} " + long_text), "nothing");
}

// A quadratic search would take hours here.
TEST(ExtractAnswer, IsLinearInMarksWithoutPartners) {
  for (const char* piece : {"\\boxed{", "{", "\\(", "\\[", "$x ", "$$", "answer: .",
                            "answer:", "**", "\n", "\n ", "#### ", "}", "\\boxed{ }", "answer is ,",
                            "\\(\\[", "answer is **", "a. ", "\\boxed{\\boxed{5}"}) {
    std::string text;
    while (text.size() < 10'000'000) text += piece;
    static_cast<void>(ExtractAnswer(text));
  }
}

}  // namespace
}  // namespace cohort
