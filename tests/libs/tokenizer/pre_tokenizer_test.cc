#include "libs/tokenizer/pre_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const ByteLevelStage kNoCuts{.add_prefix_space = false, .use_regex = false};

std::vector<std::string> Words(const std::vector<PreTokenizerStage>& stages,
                               std::string_view text) {
  const Result<PreTokenizer> made = PreTokenizer::Make(stages);
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  return made.ok() ? made->Words(text) : std::vector<std::string>();
}

TEST(PreTokenizer, CutsAtGpt2sWordBorders) {
  EXPECT_THAT(Words({ByteLevelStage{}}, "It's 42  now,\n\nfoo_bar"),
              ElementsAre("It", "'s", " 42", " ", " now", ",", "\n", "\n", "foo", "_", "bar"));
}

TEST(PreTokenizer, PutsEachDigitAlone) {
  EXPECT_THAT(Words({DigitsStage{.individual_digits = true}, ByteLevelStage{}}, "in 2024"),
              ElementsAre("in", " ", "2", "0", "2", "4"));
}

TEST(PreTokenizer, KeepsRunsOfDigitsTogether) {
  EXPECT_THAT(Words({DigitsStage{.individual_digits = false}, kNoCuts}, "in 2024!"),
              ElementsAre("in ", "2024", "!"));
}

TEST(PreTokenizer, PutsASpaceBeforeEachPieceThatHasNone) {
  const ByteLevelStage spaced{.add_prefix_space = true, .use_regex = false};
  EXPECT_THAT(Words({DigitsStage{.individual_digits = true}, spaced}, " a1b"),
              ElementsAre(" a", " 1", " b"));
}

TEST(PreTokenizer, SplitsByAnExpressionOrByText) {
  const SplitStage isolated{.pattern = "-+", .is_literal = false, .invert = false};
  EXPECT_THAT(Words({isolated, kNoCuts}, "a--b-"), ElementsAre("a", "--", "b", "-"));
  const SplitStage literal{.pattern = ".", .is_literal = true, .invert = false};
  EXPECT_THAT(Words({literal, kNoCuts}, "a.b"), ElementsAre("a", ".", "b"));
}

TEST(PreTokenizer, RemovesMatchesOrWhatLiesBetween) {
  SplitStage split{.pattern = "-+", .behavior = SplitBehavior::kRemoved};
  EXPECT_THAT(Words({split, kNoCuts}, "a--b-"), ElementsAre("a", "b"));
  split.invert = true;
  EXPECT_THAT(Words({split, kNoCuts}, "a--b-"), ElementsAre("--", "-"));
}

TEST(PreTokenizer, HasNoWordsInEmptyText) { EXPECT_THAT(Words({ByteLevelStage{}}, ""), IsEmpty()); }

TEST(PreTokenizer, RefusesStagesWithoutByteLevelAtTheEnd) {
  EXPECT_THAT(PreTokenizer::Make({DigitsStage{}}).status().message(), HasSubstr("ByteLevel"));
  EXPECT_THAT(PreTokenizer::Make({ByteLevelStage{}, DigitsStage{}}).status().message(),
              HasSubstr("not the last"));
}

TEST(Pattern, ReadsWhiteSpaceAsUnicodeDefinesIt) {
  // PCRE2's own \s takes U+180E, which has not been white space since Unicode 6.3.
  const SplitStage split{.pattern = "[^\\s]+", .invert = true, .behavior = SplitBehavior::kRemoved};
  EXPECT_THAT(Words({split, kNoCuts}, "a\xE1\xA0\x8E\x62\xC2\xA0\x63"),
              ElementsAre("a\xE1\xA0\x8E\x62", "c"));
}

TEST(Pattern, RefusesWhatTheTwoEnginesReadDifferently) {
  for (const std::string pattern :
       {"\\w+", "\\h", "^a", "a$", "[a[b]]", "[a&&b]", "\\bword", "[]a]", "a\\"}) {
    const Status status = Pattern::Compile(pattern).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << pattern;
    EXPECT_THAT(status.message(), HasSubstr("pattern '" + pattern + "', byte ")) << pattern;
  }
  EXPECT_THAT(Pattern::Compile("(a").status().message(), HasSubstr("byte 2"));
}

TEST(Pattern, GivesUpQuietlyOnAPatternWithoutAnEnd) {
  // Every way to cut the run of a's is tried before the search is given up.
  const SplitStage split{.pattern = "(a+)+(?=c)"};
  const std::string text = std::string(40, 'a') + "b";
  EXPECT_THAT(Words({split, kNoCuts}, text), ElementsAre(text));
}

TEST(Pattern, CutsAMegabyteOfOneCharacter) {
  const std::string text = std::string(1 << 20, ' ') + "x";
  EXPECT_THAT(Words({ByteLevelStage{}}, text), ElementsAre(std::string((1 << 20) - 1, ' '), " x"));
}

}  // namespace
}  // namespace cohort
