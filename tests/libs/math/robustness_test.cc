// Strings as a model may write them, and worse: whatever is judged ends with a verdict and a
// reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <iterator>
#include <map>
#include <random>
#include <string>

#include "libs/math/extract.h"
#include "libs/math/judge_math.h"
#include "tests/libs/math/golds.h"

namespace cohort {
namespace {

constexpr const char* kPieces[] = {"\\frac{",
                                   "}{",
                                   "}",
                                   "{",
                                   "\\sqrt{",
                                   "\\sqrt[3]{",
                                   "^{",
                                   "_{",
                                   "\\left(",
                                   "\\right)",
                                   "(",
                                   ")",
                                   "[",
                                   "]",
                                   "\\{",
                                   "\\}",
                                   "|",
                                   "\\pm ",
                                   "\\mp ",
                                   "\\cdot ",
                                   "\\cup ",
                                   "\\in ",
                                   "\\infty",
                                   "\\pi",
                                   "\\text{",
                                   " cm",
                                   "^\\circ",
                                   "\\%",
                                   "\\$",
                                   "$",
                                   "\\(",
                                   "\\)",
                                   "\\[",
                                   "\\]",
                                   "\\boxed{",
                                   "**",
                                   "\\begin{pmatrix}",
                                   "\\end{pmatrix}",
                                   "&",
                                   "\\\\",
                                   "\\sin ",
                                   "\\log_",
                                   "\\ln(",
                                   "!",
                                   "/",
                                   "*",
                                   "+",
                                   "-",
                                   "=",
                                   "<",
                                   "\\le ",
                                   ",",
                                   ";",
                                   ":",
                                   ".",
                                   "...",
                                   " and ",
                                   " or ",
                                   "x",
                                   "y",
                                   "e",
                                   "i",
                                   "n",
                                   "1",
                                   "2",
                                   "10",
                                   "0",
                                   "99999999",
                                   "0.5",
                                   "1e300",
                                   "½",
                                   "√",
                                   "²",
                                   "π",
                                   "≤",
                                   "−",
                                   "θ",
                                   "好",
                                   "\xff",
                                   "\n",
                                   "\\int ",
                                   "\\binom{",
                                   "\\langle ",
                                   "\\rangle ",
                                   "\\lfloor ",
                                   "\\rfloor ",
                                   "'",
                                   "million",
                                   "base ",
                                   "the answer is ",
                                   "not ",
                                   "\\overline{",
                                   "\\mathbb{R}",
                                   "\\emptyset",
                                   "^"};

class Writer {
 public:
  explicit Writer(uint64_t seed) : random_(seed) {}

  std::string Next() {
    std::string text;
    if (Below(3) == 0) return Expression(5);
    const size_t parts = 1 + Below(Below(4) == 0 ? 60 : 8);
    for (size_t i = 0; i < parts; ++i) text += Below(4) == 0 ? Gold() : Piece();
    const size_t mutations = Below(3) == 0 ? 0 : Below(4);
    for (size_t i = 0; i < mutations; ++i) Mutate(&text);
    return text;
  }
  std::string Gold() { return kGolds[Below(std::size(kGolds))]; }

 private:
  size_t Below(size_t bound) { return random_() % bound; }
  std::string Piece() { return kPieces[Below(std::size(kPieces))]; }

  // Balanced, so that most of them are read and computed.
  std::string Expression(int depth) {
    static constexpr const char* kAtoms[] = {
        "1",         "2",   "3", "10", "0",  "x",       "y",        "n",       "\\pi",
        "\\sqrt{2}", "0.5", "e", "i",  "-1", "\\infty", "\\frac12", "1000000", "12.345"};
    static constexpr const char* kShapes[] = {"\\frac{A}{B}",
                                              "A + B",
                                              "A - B",
                                              "A \\cdot B",
                                              "(A)(B)",
                                              "(A)^{B}",
                                              "\\sqrt{A}",
                                              "\\sqrt[3]{A}",
                                              "\\sqrt[B]{A}",
                                              "(A, B)",
                                              "[A, B)",
                                              "\\{A, B\\}",
                                              "A, B",
                                              "A = B",
                                              "A < B",
                                              "A \\le x < B",
                                              "(A) \\cup (B)",
                                              "A \\pm B",
                                              "|A|",
                                              "(A)!",
                                              "\\binom{A}{B}",
                                              "\\sin(A)",
                                              "\\ln(A)",
                                              "\\log_{A}(B)",
                                              "\\arctan(A)",
                                              "e^{A}",
                                              "A \\text{ cm}",
                                              "A\\%",
                                              "A^\\circ",
                                              "\\lfloor A \\rfloor",
                                              "\\max(A, B)",
                                              "A : B",
                                              "x \\in A",
                                              "\\begin{pmatrix} A \\\\ B \\end{pmatrix}",
                                              "\\begin{vmatrix} A & B \\\\ B & A \\end{vmatrix}",
                                              "A \\text{ or } B"};
    if (depth == 0 || Below(6) == 0)
      return Below(8) == 0 ? Gold() : kAtoms[Below(std::size(kAtoms))];
    std::string text;
    for (const char* c = kShapes[Below(std::size(kShapes))]; *c != '\0'; ++c) {
      if (*c == 'A' || *c == 'B') {
        text += Expression(depth - 1 - static_cast<int>(Below(2)) * (depth > 1 ? 1 : 0));
      } else {
        text += *c;
      }
    }
    return text;
  }

  void Mutate(std::string* text) {
    if (text->empty()) return;
    const size_t at = Below(text->size());
    const size_t length = 1 + Below(text->size() - at);
    switch (Below(5)) {
      case 0:
        text->erase(at, 1 + Below(3));
        break;
      case 1:
        text->insert(at, 1, static_cast<char>(Below(256)));
        break;
      case 2:
        (*text)[at] = static_cast<char>(Below(256));
        break;
      case 3:
        text->insert(at, text->substr(at, length));
        break;
      default:
        text->insert(at, Piece());
    }
  }

  std::mt19937_64 random_;
};

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Far above what a verdict takes, sanitizers included.
constexpr double kMostSeconds = 2;

MathVerdict JudgeAndExpectAReason(const std::string& gold, const std::string& answer) {
  const double start = CpuSeconds();
  const MathJudgement judgement = JudgeMath(gold, answer);
  EXPECT_LT(CpuSeconds() - start, kMostSeconds) << "gold " << gold << ", answer " << answer;
  EXPECT_NE(MathVerdictName(judgement.verdict), "");
  const bool plain =
      judgement.verdict == MathVerdict::kEqual || judgement.verdict == MathVerdict::kDifferent;
  EXPECT_NE(judgement.detail.empty(), !plain) << "gold " << gold << ", answer " << answer;
  for (const char c : judgement.detail) {
    EXPECT_TRUE(c >= ' ' && c <= '~') << "gold " << gold << ", answer " << answer;
  }
  return judgement.verdict;
}

TEST(Robustness, TenThousandStringsAsGoldAndAsAnswerGetAVerdictWithAReason) {
  Writer writer(20);
  std::map<MathVerdict, int> verdicts;
  for (int i = 0; i < 10'000; ++i) {
    const std::string text = writer.Next();
    ++verdicts[JudgeAndExpectAReason(writer.Gold(), text)];
    ++verdicts[JudgeAndExpectAReason(text, writer.Gold())];
    ++verdicts[JudgeAndExpectAReason(text, writer.Next())];
  }
  // The strings reach every verdict.
  for (const MathVerdict verdict :
       {MathVerdict::kEqual, MathVerdict::kDifferent, MathVerdict::kUndecided,
        MathVerdict::kUnparsed, MathVerdict::kUnsupported, MathVerdict::kTooCostly,
        MathVerdict::kGoldInvalid}) {
    EXPECT_GT(verdicts[verdict], 0) << MathVerdictName(verdict);
  }
}

TEST(Robustness, WhatIsReadAsAGoldIsItsOwnAnswer) {
  Writer writer(21);
  int valid = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string text = writer.Next();
    if (!CheckMathGold(text).ok()) continue;
    ++valid;
    const MathJudgement judgement = JudgeMath(text, text);
    EXPECT_EQ(judgement.verdict, MathVerdict::kEqual)
        << text << ": " << MathVerdictName(judgement.verdict) << " " << judgement.detail;
  }
  EXPECT_GE(valid, 1'000);
}

TEST(Robustness, AnyTextCanBeSearchedForAnAnswer) {
  Writer writer(22);
  for (int i = 0; i < 10'000; ++i) {
    const std::string text = writer.Next();
    const std::optional<ExtractedAnswer> answer = ExtractAnswer(text);
    if (!answer) continue;
    EXPECT_FALSE(answer->text.empty()) << text;
    EXPECT_LE(answer->text.size(), text.size()) << text;
  }
}

}  // namespace
}  // namespace cohort
