// What the tokenizer promises, on the small tokenizers in data/ (make_fixtures.py makes them; the
// ids of whole texts are compared with Hugging Face's in tokenizer_parity.py).
#include "libs/tokenizer/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::filesystem::path Data(const std::string& name) {
  const char* source = std::getenv("COHORT_SOURCE");
  return std::filesystem::path(source != nullptr ? source : ".") / "tests/libs/tokenizer/data" /
         name;
}

Tokenizer LoadData(const std::string& name) {
  Result<Tokenizer> tokenizer = Tokenizer::Load(Data(name));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
  return *std::move(tokenizer);
}

TEST(Tokenizer, ReadsACharacterVocabularyWithoutMerges) {
  const Tokenizer tokenizer = LoadData("characters");
  const std::vector<int32_t> ids = tokenizer.Encode("01:<think>0</think>1<eos>");
  EXPECT_THAT(ids, ElementsAre(0, 1, 10, 13, 0, 14, 1, 15));
  EXPECT_EQ(tokenizer.vocabulary_size(), 16);
  EXPECT_EQ(tokenizer.eos(), 15);
  EXPECT_EQ(tokenizer.TokenId("<think>"), 13);
  EXPECT_EQ(tokenizer.TokenId("x"), std::nullopt);
}

TEST(Tokenizer, LeavesOutSpecialTokensOnRequestAndKeepsTheTags) {
  const Tokenizer tokenizer = LoadData("characters");
  const std::vector<int32_t> ids = {13, 0, 14, 1, 15};
  EXPECT_EQ(tokenizer.Decode(ids, /*skip_special=*/false), "<think>0</think>1<eos>");
  EXPECT_EQ(tokenizer.Decode(ids, /*skip_special=*/true), "<think>0</think>1");
}

TEST(Tokenizer, DropsAndCountsBytesThatTheVocabularyLacks) {
  const Tokenizer tokenizer = LoadData("characters");
  EncodeStats stats;
  EXPECT_THAT(tokenizer.Encode("1x\xC3\xA9"
                               "2",
                               &stats),
              ElementsAre(1, 2));
  EXPECT_EQ(stats.dropped_bytes, 3u);
  EXPECT_EQ(stats.replaced_invalid_utf8, 0u);
}

TEST(Tokenizer, ReplacesAndCountsMalformedInput) {
  const Tokenizer tokenizer = LoadData("pairs");
  EncodeStats stats;
  const std::vector<int32_t> ids = tokenizer.Encode(
      "a\xFF"
      "b\xE4\xBD",
      &stats);
  EXPECT_EQ(tokenizer.Decode(ids, false),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
  EXPECT_EQ(stats.replaced_invalid_utf8, 2u);
  EXPECT_EQ(stats.dropped_bytes, 0u);
}

TEST(Tokenizer, GivesBackWhatItReadWhenNoByteIsLacking) {
  const Tokenizer tokenizer = LoadData("pairs");
  const std::string text = "the  end\r\n12 <|end|> \xE4\xBD\xA0\xF0\x9F\x99\x82 there's";
  EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(text), false), text);
}

TEST(Tokenizer, ReplacesCharactersThatTokensCutInTwo) {
  const Tokenizer tokenizer = LoadData("pairs");
  std::vector<int32_t> ids = tokenizer.Encode("\xE0\xA4\xB9");  // three single bytes
  ASSERT_EQ(ids.size(), 3u);
  ids.pop_back();
  EXPECT_EQ(tokenizer.Decode(ids, false), "\xEF\xBF\xBD");
}

TEST(Tokenizer, PrefersTheLongestAddedTokenAndRawOnesToNormalizedOnes) {
  const Tokenizer tokenizer = LoadData("pairs");
  const auto id = [&](const char* token) { return *tokenizer.TokenId(token); };
  EXPECT_THAT(tokenizer.Encode("<|end|>"), ElementsAre(id("<|end|>")));
  EXPECT_THAT(tokenizer.Encode("<|eend|>"), ElementsAre(id("<|e"), id("end|>")));
  EXPECT_THAT(tokenizer.Encode("<think>more"), ElementsAre(id("<think>more")));
  EXPECT_THAT(tokenizer.Encode("<think><think>"), ElementsAre(id("<think>"), id("<think>")));
}

TEST(Tokenizer, LetsAddedTokensTakeTheSpaceBesideThem) {
  const Tokenizer tokenizer = LoadData("pairs");
  const auto id = [&](const char* token) { return *tokenizer.TokenId(token); };
  EXPECT_THAT(tokenizer.Encode("a \xC2\xA0\n<left> b"),
              ElementsAre(id("a"), id("<left>"), id("\xC4\xA0"), id("b")));
  EXPECT_THAT(tokenizer.Encode("a <right>\xE3\x80\x80 b"),
              ElementsAre(id("a"), id("\xC4\xA0"), id("<right>"), id("b")));
}

TEST(Tokenizer, TakesAWholeWordBeforeItsMergesWhenToldTo) {
  const Tokenizer tokenizer = LoadData("split");
  EXPECT_THAT(tokenizer.Encode(" values"), ElementsAre(*tokenizer.TokenId("\xC4\xA0values")));
}

TEST(Tokenizer, WritesOneUnknownTokenForNeighbouringBytesWithoutOne) {
  const Tokenizer tokenizer = LoadData("spaced");  // lacks F0 and 9F
  const auto id = [&](const char* token) { return *tokenizer.TokenId(token); };
  EncodeStats stats;
  EXPECT_THAT(tokenizer.Encode("\xF0\x9F\x99\x82", &stats),
              ElementsAre(id("\xC4\xA0"), id("<unk>"), id("\xC4\xBB\xC4\xA4")));  // 99 82
  EXPECT_EQ(stats.dropped_bytes, 2u);
}

TEST(Tokenizer, PassesOverIdsOutsideOfTheVocabulary) {
  const Tokenizer tokenizer = LoadData("characters");
  const std::vector<int32_t> ids = {-1, 7, 16, 1 << 30};
  EXPECT_EQ(tokenizer.Decode(ids, false), "7");
}

TEST(Tokenizer, HasNoIdsForEmptyText) {
  EXPECT_THAT(LoadData("pairs").Encode(""), IsEmpty());
  EXPECT_EQ(LoadData("pairs").Decode({}, true), "");
}

TEST(Tokenizer, SurvivesAMegabyteInOneWord) {
  const Tokenizer tokenizer = LoadData("pairs");
  const std::string text(1 << 20, 't');
  EXPECT_EQ(tokenizer.Decode(tokenizer.Encode(text), false), text);
}

TEST(Tokenizer, IsSharedByThreads) {
  const Tokenizer tokenizer = LoadData("pairs");
  const std::string text = "the end of the line, then 12 <think> there's more";
  const std::vector<int32_t> expected = tokenizer.Encode(text);
  std::vector<std::future<bool>> threads;
  for (int i = 0; i < 4; ++i) {
    threads.push_back(std::async(std::launch::async, [&] {
      for (int round = 0; round < 200; ++round) {
        if (tokenizer.Encode(text) != expected) return false;
      }
      return true;
    }));
  }
  for (auto& thread : threads) EXPECT_TRUE(thread.get());
}

}  // namespace
}  // namespace cohort
