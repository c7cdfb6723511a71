#include "libs/tokenizer/utf8.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cohort {
namespace {

const std::string kReplacement = "\xEF\xBF\xBD";

TEST(Utf8, KeepsWellFormedText) {
  const std::string text = "a\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x99\x82";
  uint64_t replaced = 0;
  EXPECT_EQ(ReplaceInvalidUtf8(text, &replaced), text);
  EXPECT_EQ(replaced, 0u);
}

TEST(Utf8, ReplacesEachMaximalMalformedSubpartOnce) {
  // Right-hand side: the number of U+FFFD that Python's bytes.decode(errors="replace") gives.
  const std::vector<std::pair<std::string, uint64_t>> cases = {
      {"\x80", 1},              // a continuation without a lead
      {"\xC0\xAF", 2},          // overlong: no such lead
      {"\xE0\x80\x80", 3},      // overlong: the second byte is out of bounds
      {"\xE4\xBD", 1},          // cut short
      {"\xF0\x9F\x99", 1},      // cut short
      {"\xED\xA0\x80", 3},      // a surrogate
      {"\xF4\x90\x80\x80", 4},  // above U+10FFFF
      {"\xF5\xFF", 2},          // never lead bytes
      {"\xF0\x9F\xF0\x9F", 2},  // two beginnings
  };
  for (const auto& [bytes, expected] : cases) {
    uint64_t replaced = 0;
    std::string wanted = "<";
    for (uint64_t i = 0; i < expected; ++i) wanted += kReplacement;
    EXPECT_EQ(ReplaceInvalidUtf8("<" + bytes + ">", &replaced), wanted + ">");
    EXPECT_EQ(replaced, expected);
  }
}

TEST(Utf8, WritesWhatItReads) {
  for (const char32_t character :
       {0x0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF}) {
    std::string text;
    AppendUtf8(character, &text);
    const Utf8Step step = ReadUtf8(text);
    EXPECT_TRUE(step.valid);
    EXPECT_EQ(step.character, character);
    EXPECT_EQ(step.bytes, text.size());
  }
}

TEST(ByteAlphabet, HasOnePrintableCharacterForEachByte) {
  std::set<char32_t> seen;
  for (int byte = 0; byte < 256; ++byte) {
    const char32_t character = ByteToCharacter(static_cast<uint8_t>(byte));
    seen.insert(character);
    EXPECT_EQ(CharacterToByte(character), byte);
  }
  EXPECT_EQ(seen.size(), 256u);
  EXPECT_EQ(ByteToCharacter('a'), U'a');
  EXPECT_EQ(ByteToCharacter(' '), 0x120u);
  EXPECT_EQ(ByteToCharacter('\n'), 0x10Au);
  EXPECT_EQ(CharacterToByte(U' '), -1);
  EXPECT_EQ(CharacterToByte(0x1F642), -1);
}

TEST(ByteAlphabet, ReadsATokenAsItsOwnTextWhenACharacterIsForeign) {
  EXPECT_EQ(TokenBytes("\xC4\xA0the"), " the");
  EXPECT_EQ(TokenBytes("a b"), "a b");
  EXPECT_EQ(TokenBytes("\xC3\xA9"), "\xE9");
  EXPECT_EQ(TokenBytes("\xC3\xA9 "), "\xC3\xA9 ");
}

}  // namespace
}  // namespace cohort
