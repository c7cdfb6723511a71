#include "libs/tokenizer/utf8.h"

#include <array>

namespace cohort {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct ByteAlphabet {
  std::array<char32_t, 256> character{};
  std::array<int16_t, 512> byte{};

  ByteAlphabet() {
    byte.fill(-1);
    char32_t next = 0x100;
    for (int b = 0; b < 256; ++b) {
      const bool printable =
          (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
      character[b] = printable ? static_cast<char32_t>(b) : next++;
      byte[character[b]] = static_cast<int16_t>(b);
    }
  }
};

const ByteAlphabet& Alphabet() {
  static const ByteAlphabet alphabet;
  return alphabet;
}

}  // namespace

Utf8Step ReadUtf8(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return {lead, 1, true};

  size_t length = 0;
  uint8_t low = 0x80;  // bounds of the second byte: no overlong forms, surrogates or > U+10FFFF
  uint8_t high = 0xBF;
  char32_t character = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    character = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    character = lead & 0x0F;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    character = lead & 0x07;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {0, 1, false};
  }
  for (size_t i = 1; i < length; ++i) {
    if (i >= text.size() || at(i) < low || at(i) > high) return {0, i, false};
    character = (character << 6) | (at(i) & 0x3F);
    low = 0x80;
    high = 0xBF;
  }
  return {character, length, true};
}

void AppendUtf8(char32_t character, std::string* text) {
  const auto put = [&](uint32_t byte) { text->push_back(static_cast<char>(byte)); };
  if (character < 0x80) {
    put(character);
  } else if (character < 0x800) {
    put(0xC0 | (character >> 6));
    put(0x80 | (character & 0x3F));
  } else if (character < 0x10000) {
    put(0xE0 | (character >> 12));
    put(0x80 | ((character >> 6) & 0x3F));
    put(0x80 | (character & 0x3F));
  } else {
    put(0xF0 | (character >> 18));
    put(0x80 | ((character >> 12) & 0x3F));
    put(0x80 | ((character >> 6) & 0x3F));
    put(0x80 | (character & 0x3F));
  }
}

std::string ReplaceInvalidUtf8(std::string_view text, uint64_t* replaced) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const Utf8Step step = ReadUtf8(text);
    if (step.valid) {
      valid.append(text.substr(0, step.bytes));
    } else {
      valid.append(kReplacement);
      if (replaced != nullptr) *replaced += 1;
    }
    text.remove_prefix(step.bytes);
  }
  return valid;
}

char32_t ByteToCharacter(uint8_t byte) { return Alphabet().character[byte]; }

int CharacterToByte(char32_t character) {
  const auto& byte = Alphabet().byte;
  return character < byte.size() ? byte[character] : -1;
}

std::string TokenBytes(std::string_view token) {
  std::string bytes;
  for (std::string_view rest = token; !rest.empty();) {
    const Utf8Step step = ReadUtf8(rest);
    const int byte = step.valid ? CharacterToByte(step.character) : -1;
    if (byte < 0) return std::string(token);
    bytes.push_back(static_cast<char>(byte));
    rest.remove_prefix(step.bytes);
  }
  return bytes;
}

}  // namespace cohort
