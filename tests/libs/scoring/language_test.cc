#include "libs/scoring/language.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/rng.h"
#include "libs/scoring/prose.h"

namespace cohort {
namespace {

using ::testing::Optional;

struct LabelledText {
  std::string target;
  std::optional<double> share;
  std::string text;
  std::string line;
};

std::string Unescaped(std::string_view escaped) {
  std::string text;
  for (size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] != '\\' || i + 1 == escaped.size()) {
      text += escaped[i];
    } else {
      text += escaped[++i] == 'n' ? '\n' : escaped[i];
    }
  }
  return text;
}

std::vector<LabelledText> LabelledTexts() {
  const char* source = std::getenv("COHORT_SOURCE");
  std::ifstream file(std::filesystem::path(source != nullptr ? source : ".") /
                     "tests/libs/scoring/language_texts.tsv");
  std::vector<LabelledText> texts;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const size_t first = line.find('\t'), second = line.find('\t', first + 1);
    const std::string share = line.substr(first + 1, second - first - 1);
    LabelledText text;
    text.target = line.substr(0, first);
    if (share != "none") text.share = std::stod(share);
    text.text = Unescaped(line.substr(second + 1));
    text.line = std::move(line);
    texts.push_back(std::move(text));
  }
  return texts;
}

// The labels count Chinese by jieba, the code by ICU: they cut it at different places, which moves
// the share of a short mixed text by up to a tenth, and that of many by half a hundredth.
TEST(LanguageShare, AgreesWithTheLabelsOfTheTexts) {
  struct Miss {
    double error, share;
    LabelledText text;
  };
  std::vector<Miss> misses;
  const std::vector<LabelledText> texts = LabelledTexts();
  ASSERT_GE(texts.size(), 300);
  double sum = 0;
  for (const LabelledText& text : texts) {
    const std::optional<double> share = LanguageShare(text.text, text.target);
    ASSERT_EQ(share.has_value(), text.share.has_value()) << text.line;
    if (!share) continue;
    misses.push_back({std::abs(*share - *text.share), *share, text});
    sum += misses.back().error;
    EXPECT_LE(misses.back().error, 0.12) << *share << " for " << text.line;
  }
  const double mean = sum / static_cast<double>(misses.size());
  EXPECT_LE(mean, 0.01);
  std::ranges::sort(misses, std::ranges::greater{}, &Miss::error);
  std::cout << texts.size() << " texts, " << texts.size() - misses.size()
            << " without a word; mean absolute error " << mean << "; the worst:\n";
  for (size_t i = 0; i < 10; ++i) {
    std::cout << "  " << misses[i].share << " for " << misses[i].text.line.substr(0, 120) << "\n";
  }
}

TEST(LanguageShare, CountsWords) {
  EXPECT_THAT(LanguageShare("one two three", "en"), Optional(1.0));
  EXPECT_THAT(LanguageShare("one two three", "zh"), Optional(0.0));
  EXPECT_THAT(LanguageShare("we have 答案", "en"), Optional(2.0 / 3));
  EXPECT_THAT(LanguageShare("答案是 seven apples", "zh"), Optional(0.5)) << "答案, 是";
  EXPECT_THAT(LanguageShare("don't stop", "en"), Optional(1.0));
}

TEST(LanguageShare, IsNothingWhereThereIsNoWord) {
  for (const char* text : {"", " \n", "42", "x", "$x = 3$", "`int x;`", "...", "x = 3, y = 4",
                           "\xFF", "```\nfor x in y\n```"}) {
    EXPECT_EQ(LanguageShare(text, "en"), std::nullopt) << text;
    EXPECT_EQ(LanguageShare(text, "zh"), std::nullopt) << text;
  }
}

TEST(LanguageShare, LeavesLoneNamesInOtherScriptsOut) {
  EXPECT_THAT(LanguageShare("用 dp 苹果", "zh"), Optional(1.0));
  EXPECT_THAT(LanguageShare("用 GPU 加速", "zh"), Optional(1.0));
  EXPECT_THAT(LanguageShare("在 Python 里", "zh"), Optional(1.0));
  EXPECT_THAT(LanguageShare("苹果 so 苹果", "zh"), Optional(2.0 / 3)) << "everyday English";
  EXPECT_THAT(LanguageShare("苹果 loss 苹果", "zh"), Optional(2.0 / 3)) << "a word";
  EXPECT_THAT(LanguageShare("苹果 Hello World", "zh"), Optional(1.0 / 3)) << "not lone";
  EXPECT_THAT(LanguageShare("Python", "en"), Optional(1.0)) << "no other script";
}

TEST(LanguageShare, GivesShortRunsTheLanguageOfTheirNeighbours) {
  EXPECT_THAT(
      LanguageShare("Ja. Die Antwort ist sieben, weil die Woche sieben Tage hat. Gut.", "de"),
      Optional(1.0));
  EXPECT_THAT(LanguageShare("Yes. No.", "en"), Optional(1.0));
  EXPECT_THAT(LanguageShare("苹果 then sort 苹果", "en"), Optional(0.5));
}

TEST(LanguageShare, KnowsEachOfItsTargets) {
  const struct {
    const char* language;
    const char* text;
  } cases[] = {
      {"en", "The answer is seven, because a week has seven days."},
      {"zh", "答案是七，因为一个星期有七天。"},
      {"ar", "الجواب هو سبعة لأن في الأسبوع سبعة أيام."},
      {"cs", "Odpověď je sedm, protože týden má sedm dní."},
      {"de", "Die Antwort ist sieben, weil die Woche sieben Tage hat."},
      {"el", "Η απάντηση είναι επτά, γιατί η εβδομάδα έχει επτά ημέρες."},
      {"es", "La respuesta es siete, porque la semana tiene siete días."},
      {"fi", "Vastaus on seitsemän, koska viikossa on seitsemän päivää."},
      {"fr", "La réponse est sept, parce que la semaine compte sept jours."},
      {"he", "התשובה היא שבע, כי בשבוע יש שבעה ימים."},
      {"hi", "उत्तर सात है, क्योंकि सप्ताह में सात दिन होते हैं।"},
      {"hu", "A válasz hét, mert a hétnek hét napja van."},
      {"id", "Jawabannya adalah tujuh, karena seminggu terdiri dari tujuh hari."},
      {"it", "La risposta è sette, perché la settimana ha sette giorni."},
      {"ja", "答えは七です。一週間は七日あるからです。"},
      {"ko", "답은 일곱입니다. 일주일은 칠 일이기 때문입니다."},
      {"nl", "Het antwoord is zeven, want een week heeft zeven dagen."},
      {"pl", "Odpowiedź brzmi siedem, ponieważ tydzień ma siedem dni."},
      {"pt", "A resposta é sete, porque a semana tem sete dias."},
      {"ru", "Ответ равен семи, потому что в неделе семь дней."},
      {"sv", "Svaret är sju, eftersom en vecka har sju dagar."},
      {"th", "คำตอบคือเจ็ด เพราะหนึ่งสัปดาห์มีเจ็ดวัน"},
      {"tr", "Cevap yedi, çünkü bir haftada yedi gün vardır."},
      {"vi", "Câu trả lời là bảy, vì một tuần có bảy ngày."},
  };
  ASSERT_EQ(std::size(cases), TargetLanguages().size());
  for (size_t i = 0; i < std::size(cases); ++i) {
    EXPECT_EQ(TargetLanguages()[i], cases[i].language);
    for (const std::string_view target : TargetLanguages()) {
      EXPECT_THAT(LanguageShare(cases[i].text, target),
                  Optional(target == cases[i].language ? 1.0 : 0.0))
          << cases[i].text << " as " << target;
    }
  }
}

// Each takes about a tenth of a second; a search that is quadratic would meet the test's timeout.
TEST(LanguageShare, TakesAMegabyteOfAnything) {
  const char* pieces[] = {"We add two and two. ",
                          "答案是七。",
                          "`",
                          "$a ",
                          "\\[",
                          "\\begin{a}",
                          "\\a{",
                          "f(",
                          "数a",
                          "x",
                          "\xFF",
                          "``",
                          "a.",
                          "((((",
                          "```",
                          "答案",
                          "ok 好 "};
  for (const char* piece : pieces) {
    std::string text;
    while (text.size() < kProseBytes) text += piece;
    const std::optional<double> share = LanguageShare(text, "en");
    EXPECT_TRUE(!share || (*share >= 0 && *share <= 1)) << piece;
  }
  std::string text = "数据 ";
  text.resize(kProseBytes, ' ');
  EXPECT_THAT(LanguageShare(text + "and these words are behind the end", "en"), Optional(0.0));
}

TEST(LanguageShare, WithstandsRandomBytesAndPieces) {
  const std::vector<std::string> pieces = {
      "$",    "`",    "```",  "\\", "{", "}", "\\(", "\\]", "the ", "答", "か", "한", "(", ")",
      "\n\n", "\xFF", "\xE4", "x",  "7", ".", " ",   "_",   "é",    "д",  "ن",  "😀",  "'"};
  Rng rng(11);
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (uint64_t n = rng.Below(60); n > 0; --n) text += pieces[rng.Below(pieces.size())];
    for (uint64_t n = rng.Below(4); n > 0; --n) text += static_cast<char>(rng.Below(256));
    for (const char* target : {"en", "zh", "ja"}) {
      const std::optional<double> share = LanguageShare(text, target);
      ASSERT_TRUE(!share || (*share >= 0 && *share <= 1)) << text;
    }
  }
}

TEST(LanguageShare, MayBeCalledFromAnyThread) {
  const std::vector<LabelledText> texts = LabelledTexts();
  std::vector<std::vector<std::optional<double>>> shares(3);
  std::vector<std::thread> threads;
  for (auto& mine : shares) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < 100; ++i) {
        mine.push_back(LanguageShare(texts[i].text, texts[i].target));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(shares[0], shares[1]);
  EXPECT_EQ(shares[0], shares[2]);
}

}  // namespace
}  // namespace cohort
