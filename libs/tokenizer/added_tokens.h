// Added tokens: strings of a tokenizer file that are one token wherever they stand in a text, such
// as <|im_end|> or <think>. They are cut out before anything else looks at the text.
//
// Immutable; thread-safe; movable.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cohort {

struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool special = false;     // left out of decoded text on request
  bool normalized = false;  // looked for after all those that are not
  bool lstrip = false;      // takes the white space before it along
  bool rstrip = false;      // and after it
};

class AddedTokens {
 public:
  // Part of a text: an added token, or text to go on with (id -1).
  struct Piece {
    int32_t id = -1;
    std::string_view text;
  };

  AddedTokens() = default;
  // No content is empty, none occurs twice.
  explicit AddedTokens(std::vector<AddedToken> tokens);

  // The leftmost match counts, of those that begin there the longest. Tokens that are `normalized`
  // are looked for in what the others left over. The pieces point into `text`, well-formed UTF-8.
  std::vector<Piece> Cut(std::string_view text) const;

 private:
  // Tokens by their first byte, the longest first.
  using Index = std::array<std::vector<uint32_t>, 256>;

  const AddedToken* Find(const Index& index, std::string_view text, size_t at) const;
  void CutWith(const Index& index, std::string_view text, std::vector<Piece>* pieces) const;

  std::vector<AddedToken> tokens_;
  Index raw_;
  Index normalized_;
};

}  // namespace cohort
