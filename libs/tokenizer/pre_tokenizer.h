// Cuts text into the words that merges never cross: the `pre_tokenizer` of a tokenizer file.
//
// A list of stages, each cutting the pieces of the one before; the last one is ByteLevel, which
// also says that words are read as bytes. Immutable; thread-safe; movable.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/base/status.h"
#include "libs/tokenizer/pattern.h"

namespace cohort {

// What becomes of the matches of a Split: words of their own, or left out.
enum class SplitBehavior { kIsolated, kRemoved };

struct DigitsStage {
  bool individual_digits = false;  // each numeric character alone, or runs of them
};

struct SplitStage {
  std::string pattern;
  bool is_literal = false;  // the pattern is text, not an expression
  bool invert = false;      // what lies between the matches is the match
  SplitBehavior behavior = SplitBehavior::kIsolated;
};

struct ByteLevelStage {
  bool add_prefix_space = false;  // each piece begins with a space
  bool use_regex = true;          // cut at GPT-2's word borders
};

using PreTokenizerStage = std::variant<DigitsStage, SplitStage, ByteLevelStage>;

class PreTokenizer {
 public:
  // Fails when a pattern cannot be compiled, or when ByteLevel is not the last stage and only
  // there.
  static Result<PreTokenizer> Make(const std::vector<PreTokenizerStage>& stages);

  // The words of a text without added tokens, in order, none empty. `text` is well-formed UTF-8.
  std::vector<std::string> Words(std::string_view text) const;

 private:
  struct Cut {
    Pattern pattern;
    bool keep_matches = true;
    bool keep_between = true;  // what lies between the matches
  };

  std::vector<Cut> cuts_;                    // before ByteLevel
  bool add_prefix_space_ = false;            // ByteLevel's
  std::optional<Pattern> byte_level_words_;  // nothing: pieces are words as they are
};

}  // namespace cohort
