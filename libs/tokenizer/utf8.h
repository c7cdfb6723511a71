// UTF-8 as the tokenizer needs it. Pure functions; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cohort {

// One character of well-formed text, or the malformed bytes in its place.
struct Utf8Step {
  char32_t character = 0;
  size_t bytes = 0;    // how far to go on: at least 1
  bool valid = false;  // false: `bytes` are one maximal malformed subpart (Unicode 3.9, table 3-7)
};

// `text` is not empty.
Utf8Step ReadUtf8(std::string_view text);

void AppendUtf8(char32_t character, std::string* text);

// Each maximal malformed subpart becomes one U+FFFD, as in Python's bytes.decode(errors="replace");
// their number is added to `replaced` where it is given.
std::string ReplaceInvalidUtf8(std::string_view text, uint64_t* replaced = nullptr);

// The byte-level alphabet of GPT-2: one printable character for each of the 256 bytes. Bytes that
// are printable in Latin-1 stand for themselves, the others for U+0100 and up in their order.
char32_t ByteToCharacter(uint8_t byte);

// -1 when the character is not of that alphabet.
int CharacterToByte(char32_t character);

// The bytes that a vocabulary's token stands for. A token with any character outside of the
// alphabet (an added token, usually) stands for its own UTF-8, as in Hugging Face's decoder.
std::string TokenBytes(std::string_view token);

}  // namespace cohort
