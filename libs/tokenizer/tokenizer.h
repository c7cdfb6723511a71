// Byte-level BPE read from a Hugging Face `tokenizer.json`: text to token ids and back.
//
// The same ids as Hugging Face's `tokenizers` gives for the text as it is: added tokens are cut out
// first, then the pre-tokenizers split what lies between (Digits, ByteLevel, Split, sequences of
// them), then the merges join bytes by rank. No beginning or end token is ever added. What the file
// asks for and this class does not do (other models, normalizers, pre-tokenizers, decoders) is
// refused by name when it is loaded, never ignored.
//
// Immutable after Load: any number of threads may use one object. A moved-from object may only be
// assigned to or destroyed. Encoding costs O(n log n) in the longest word, O(n) in the text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

// What encoding could not keep. Counts are added to what is already there.
struct EncodeStats {
  uint64_t dropped_bytes = 0;          // bytes that the vocabulary has no token for
  uint64_t replaced_invalid_utf8 = 0;  // U+FFFD written in place of malformed sequences
};

class Tokenizer {
 public:
  // Reads `directory/tokenizer.json`, and the end token from `directory/tokenizer_config.json`
  // where there is one. Failures name the file and the key.
  static Result<Tokenizer> Load(const std::filesystem::path& directory);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Added tokens are recognised inside the text. Malformed UTF-8 is read as U+FFFD, one for each
  // maximal subpart, as Python's bytes.decode(errors="replace") does.
  std::vector<int32_t> Encode(std::string_view text, EncodeStats* stats = nullptr) const;

  // The bytes of all tokens joined, then malformed UTF-8 replaced by U+FFFD. Ids outside of the
  // vocabulary are passed over; `skip_special` passes over special added tokens too.
  std::string Decode(std::span<const int32_t> ids, bool skip_special) const;

  // The highest id + 1.
  int32_t vocabulary_size() const;

  std::optional<int32_t> TokenId(std::string_view token) const;

  // The id of `eos_token`; nothing when the configuration names none.
  std::optional<int32_t> eos() const;

 private:
  struct State;
  explicit Tokenizer(std::unique_ptr<const State> state);

  std::unique_ptr<const State> state_;
};

}  // namespace cohort
