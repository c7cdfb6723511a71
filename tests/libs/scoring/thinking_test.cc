#include "libs/scoring/thinking.h"

#include <gtest/gtest.h>

#include <string>

#include "libs/base/rng.h"

namespace cohort {
namespace {

bool Holds(std::string_view text, EmptyThought empty = EmptyThought::kAccepted) {
  return ThinkingFormatProblem(text, empty).empty();
}

TEST(ThinkingFormat, HoldsForThoughtThenAnswer) {
  EXPECT_TRUE(Holds("<think>0110</think>1"));
  EXPECT_TRUE(Holds("<think>\na\nb\n</think>\nThe answer is 1.\n"));
  EXPECT_TRUE(Holds("<think>a</think><answer>1</answer>"));
  EXPECT_TRUE(Holds("<think>\na\n</think>\n<answer>\n1\n</answer>\n"));
  EXPECT_TRUE(Holds("<think>a < b, <Think> and <thinking></think>1"));
}

TEST(ThinkingFormat, RefusesEveryTrap) {
  const struct {
    const char* completion;
    const char* problem;
  } cases[] = {
      {"", "it does not start with <think>"},
      {"1", "it does not start with <think>"},
      {"well <think>a</think>1", "it does not start with <think>"},
      {" <think>a</think>1", "it does not start with <think>"},
      {"\n<think>a</think>1", "it does not start with <think>"},
      {"<THINK>a</THINK>1", "it does not start with <think>"},
      {"</think><think>1", "it does not start with <think>"},
      {"<think>a", "there is no </think>"},
      {"<think>a</think", "there is no </think>"},
      {"<think><think>a</think>1", "<think> is repeated"},
      {"<think>a</think>1<think>", "<think> is repeated"},
      {"<think>a</think>1<think>b</think>2", "<think> is repeated"},
      {"<think>a</think>b</think>1", "</think> is repeated"},
      {"<think>a</think>1</think>", "</think> is repeated"},
      {"<think>a</think>", "there is no answer after </think>"},
      {"<think>a</think> \n\t", "there is no answer after </think>"},
      {"<think><answer>1</answer></think>1", "the answer stands inside the reasoning"},
      {"<think>a</answer></think>1", "the answer stands inside the reasoning"},
      {"<think>a</think><answer></answer>", "the answer is empty"},
      {"<think>a</think><answer> \n </answer>", "the answer is empty"},
      {"<think>a</think><answer>1</answer> so there",
       "<answer>…</answer> is not all that follows </think>"},
      {"<think>a</think>so <answer>1</answer>",
       "<answer>…</answer> is not all that follows </think>"},
      {"<think>a</think><answer>1", "<answer>…</answer> is not all that follows </think>"},
      {"<think>a</think>1</answer>", "<answer>…</answer> is not all that follows </think>"},
      {"<think>a</think><answer>1</answer>\n<answer>2</answer>", "an <answer> tag is repeated"},
      {"<think>\na\n</think>\n<answer>\n1\n</answer>\nmore",
       "<answer>…</answer> is not all that follows </think>"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ThinkingFormatProblem(c.completion, EmptyThought::kAccepted), c.problem)
        << c.completion;
  }
}

TEST(ThinkingFormat, LeavesTheEmptyThoughtToTheCaller) {
  for (const char* completion : {"<think></think>1", "<think> \n </think>1"}) {
    EXPECT_TRUE(Holds(completion, EmptyThought::kAccepted));
    EXPECT_EQ(ThinkingFormatProblem(completion, EmptyThought::kRefused), "the reasoning is empty");
  }
  EXPECT_TRUE(Holds("<think>a</think>1", EmptyThought::kRefused));
}

// Traps that passed in published format rewards: what each of the three makes of them.
TEST(ThinkingFormat, RefusesStrictlyWhatTheLooserOnesLetPass) {
  const struct {
    const char* trap;
    const char* completion;
    bool lenient;
    double tags;
  } cases[] = {
      {"trailing text", "<think>\na\n</think>\n<answer>\n1\n</answer>\nand more", true, 1.0},
      {"a second answer behind a line end",
       "<think>\na\n</think>\n<answer>\n1\n</answer>\n<answer>\n2\n</answer>", true, 0.5},
      {"a tail that $ skips at a line end",
       "<think>\na\n</think>\n<answer>\n1\n</answer>\n</answer>", true, 0.75},
      {"a repeated <think>", "<think>\n<think>\na\n</think>\n<answer>\n1\n</answer>", true, 0.75},
      {"a repeated </think>", "<think>\na\n</think>\nb\n</think>\n<answer>\n1\n</answer>", true,
       0.75},
      {"the answer inside the reasoning", "<think>\n<answer>\n1\n</answer>\n</think>\n1", true,
       1.0},
      {"empty reasoning", "<think>\n\n</think>\n<answer>\n1\n</answer>", true, 1.0},
      {"no reasoning", "<answer>\n1\n</answer>", false, 0.25},
      {"text before the first tag", "Sure!\n<think>\na\n</think>\n<answer>\n1\n</answer>", false,
       1.0},
      {"an empty answer", "<think>\na\n</think>\n<answer>\n\n</answer>", true, 1.0},
      {"an open answer", "<think>\na\n</think>\n<answer>\n1", false, 0.75},
      {"all tags and no order", "\n</answer>\n<answer>\n</think>\n<think>\n", false, 1.0},
  };
  for (const auto& c : cases) {
    EXPECT_FALSE(Holds(c.completion, EmptyThought::kRefused)) << c.trap;
    EXPECT_EQ(LenientFormatProblem(c.completion).empty(), c.lenient) << c.trap;
    EXPECT_EQ(TagShare(c.completion), c.tags) << c.trap;
  }
}

TEST(LenientFormat, LetsWhiteSpaceStandAroundTheTags) {
  for (const char* completion :
       {" <think>a</think>1", "\n\n<think> a </think> \n <answer> 1 </answer>\n ",
        "<think></think>1", "<think>a</think> <answer>1</answer>"}) {
    EXPECT_EQ(LenientFormatProblem(completion), "") << completion;
  }
  EXPECT_EQ(LenientFormatProblem(""), "it does not start with <think>");
  EXPECT_EQ(LenientFormatProblem("a <think>a</think>1"), "it does not start with <think>");
  EXPECT_EQ(LenientFormatProblem(" <think>a"), "there is no </think>");
  EXPECT_EQ(LenientFormatProblem("<think>a</think> \n"), "there is no answer after </think>");
  EXPECT_EQ(LenientFormatProblem("<think>a</think> <answer>1"), "there is no </answer>");
}

TEST(TagShare, GivesAQuarterForEachTagThatStandsOnce) {
  EXPECT_EQ(TagShare(""), 0.0);
  EXPECT_EQ(TagShare("<think>\na\n</think>\n<answer>\n1\n</answer>"), 1.0);
  EXPECT_EQ(TagShare("<think>\na\n</think>\n1"), 0.5);
  EXPECT_EQ(TagShare("<think>a</think><answer>1</answer>"), 0.0) << "lines are part of the tags";
  EXPECT_EQ(TagShare("<think>\n<think>\n"), 0.0);
}

TEST(ThinkingFormat, WithstandsRandomTags) {
  constexpr std::string_view kPieces[] = {"<think>", "</think>", "<answer>", "</answer>",
                                          "a",       " ",        "<",        ""};
  Rng rng(6);
  int held = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    for (uint64_t pieces = rng.Below(9); pieces > 0; --pieces) text += kPieces[rng.Below(8)];
    if (!Holds(text)) continue;
    ++held;
    ASSERT_TRUE(text.starts_with("<think>"));
    ASSERT_EQ(LenientFormatProblem(text), "") << text;
    ASSERT_EQ(text.find("<think>", 1), std::string::npos) << text;
    ASSERT_EQ(text.find("</think>"), text.rfind("</think>")) << text;
    ASSERT_FALSE(Trimmed(*ExtractSpan(text, Span::kAnswer)).empty()) << text;
  }
  EXPECT_GT(held, 100);
}

TEST(ExtractSpan, TakesACompletionApart) {
  constexpr std::string_view kText = "<think>0110</think> 1 ";
  EXPECT_EQ(ExtractSpan(kText, Span::kAll), kText);
  EXPECT_EQ(ExtractSpan(kText, Span::kReasoning), "0110");
  EXPECT_EQ(ExtractSpan(kText, Span::kAnswer), " 1 ");
  EXPECT_EQ(ExtractSpan("<think>a</think>\n<answer> 1 </answer>\n", Span::kAnswer), " 1 ");
  EXPECT_EQ(ExtractSpan("so it is</think>1", Span::kReasoning), "so it is");
}

TEST(ExtractSpan, FindsNoAnswerInsideTheReasoning) {
  EXPECT_EQ(ExtractSpan("<think>the answer is 1", Span::kAnswer), std::nullopt);
  EXPECT_EQ(ExtractSpan("the answer is 1", Span::kAnswer), std::nullopt);
  EXPECT_EQ(ExtractSpan("the answer is 1", Span::kReasoning), std::nullopt);
  EXPECT_EQ(ExtractSpan("<think>a</think>1</think>", Span::kAnswer), "");
  EXPECT_EQ(ExtractSpan("<think>a</think>1</think>2", Span::kAnswer), "2");
}

TEST(ParseSpan, KnowsItsNames) {
  EXPECT_EQ(*ParseSpan("all"), Span::kAll);
  EXPECT_EQ(*ParseSpan("reasoning"), Span::kReasoning);
  EXPECT_EQ(*ParseSpan("answer"), Span::kAnswer);
  EXPECT_EQ(ParseSpan("half").status().message(),
            "span \"half\" is unknown; use all, reasoning or answer");
}

}  // namespace
}  // namespace cohort
