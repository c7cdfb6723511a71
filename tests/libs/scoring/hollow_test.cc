#include "libs/scoring/hollow.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace cohort {
namespace {

TEST(Hollow, KnowsTheMasterKeys) {
  // Those that arXiv 2507.08794 names.
  for (const char* text :
       {" ", ".", ",", ":", "Thought process:", "Let's solve this problem step by step.",
        "Solution", "解", "かいせつ", "Respuesta"}) {
    EXPECT_TRUE(IsHollow(text)) << text;
  }
}

TEST(Hollow, KnowsThemInAnyMix) {
  for (const char* text : {"",
                           "\n\t ",
                           "...",
                           "—",
                           "?!",
                           "$$",
                           "**",
                           "```\n```",
                           "###",
                           "。",
                           "：",
                           "…",
                           "→",
                           "👍",
                           "SOLUTION:",
                           "**Solution**",
                           "solution.\n\nAnswer:",
                           "The answer is",
                           "the answer is:",
                           "Answer:",
                           "Final answer",
                           "## Final Answer\n\n",
                           "So the final answer is...",
                           "Sure! Here's the solution:",
                           "Here is my answer:",
                           "Let\xE2\x80\x99s think step by step.",
                           "lets solve this problem, step by step",
                           "To solve this problem, let's think step by step",
                           "<think></think>",
                           "<think>\n\n</think>\n\nSolution",
                           "<answer></answer>",
                           "<THINK>Thought process:</THINK>",
                           "\\boxed{}",
                           "The answer is \\boxed{\\text{}}.",
                           "解：",
                           "【解答】",
                           "答案：",
                           "最终答案：",
                           "かいせつ：",
                           "答えは",
                           "La respuesta es:",
                           "Solucion",
                           "Solución:",
                           "Die Antwort lautet:",
                           "Réponse :",
                           "Ответ:",
                           "정답:",
                           "الإجابة:",
                           "解解かいせつ Solution"}) {
    EXPECT_TRUE(IsHollow(text)) << text;
  }
}

TEST(Hollow, SeesThroughDisguises) {
  for (const char* text :
       {"\xE2\x80\x8B\xEF\xBB\xBF\xC2\xAD",  // zero-width space, mark of byte order, soft hyphen
        "\xE3\x85\xA4\xE2\xA0\x80",          // fillers of Hangul and Braille
        "Sol\xE2\x80\x8Buti\xC2\xADon",      // … inside a word
        "Ｓｏｌｕｔｉｏｎ：", "𝐒𝐨𝐥𝐮𝐭𝐢𝐨𝐧", "Ⓢⓞⓛⓤⓣⓘⓞⓝ",
        "S\xCC\xB6o\xCC\xB6l\xCC\xB6u\xCC\xB6t\xCC\xB6i\xCC\xB6o\xCC\xB6n",  // struck through
        "\xFF\xC3(", "\x01\x02\x7f", "\xF3\xA0\x81\x81"}) {  // no UTF-8; control; tag characters
    EXPECT_TRUE(IsHollow(text)) << text;
  }
  EXPECT_TRUE(IsHollow(std::string_view("\0\0", 2)));
}

TEST(Hollow, LeavesShortAnswersAlone) {
  for (const char* text : {"42",
                           "0",
                           "-1",
                           "½",
                           "²",
                           "Ⅳ",
                           "٣",
                           "yes",
                           "Yes.",
                           "no",
                           "No.",
                           "x",
                           "B",
                           "(B)",
                           "A",
                           "E",
                           "π",
                           "∞",
                           "-∞",
                           "∅",
                           "是",
                           "否",
                           "不",
                           "はい",
                           "네",
                           "да",
                           "sí",
                           "Answer: A",
                           "Answer: E",
                           "Answer: a",
                           "The answer is 7",
                           "Final answer: B",
                           "答案：是",
                           "答案是B",
                           "答えは3",
                           "解：x=2",
                           "Solution: no",
                           "the",
                           "is",
                           "this",
                           "here",
                           "Sure",
                           "So",
                           "correct",
                           "Answer: correct",
                           "Answer: La",
                           "Respuesta: es 5",
                           "think",
                           "to think",
                           "La",
                           "Thought",
                           "process",
                           "problem",
                           "step 2",
                           "\\boxed{7}",
                           "\\boxed{\\text{no}}",
                           "<think>a</think>",
                           "1️⃣",
                           "The answer is 解x",
                           "a solution of salt",
                           "Let's solve this problem step by step. 6 times 7 is 42."}) {
    EXPECT_FALSE(IsHollow(text)) << text;
  }
}

TEST(Hollow, TakesLinearTime) {
  constexpr size_t kBytes = 1 << 20;
  const auto repeated = [](const std::string& piece) {
    std::string text;
    while (text.size() < kBytes) text += piece;
    return text;
  };
  const auto begin = std::chrono::steady_clock::now();
  for (const char* piece : {"the", "Solution ", "解", "<", "\\", "<think", ".", "a", "\xCC\x81",
                            "\xEF\xBE\x9E", "\xEF\xB7\xBA"}) {
    IsHollow(repeated(piece));
  }
  // Marks that sort before each other: half of one kind, then half of the other.
  IsHollow("a" + repeated("\xCC\x81") + repeated("\xCC\xA3"));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(took.count(), 30);  // some tenths of a second each; quadratic would be hours
}

}  // namespace
}  // namespace cohort
