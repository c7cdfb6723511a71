// Reads Hugging Face's `tokenizer.json` into plain values, refusing by name what Cohort does not
// do.
//
// Left aside, as they concern batches and not the text: `truncation`, `padding`, `post_processor`.
// Pure functions; thread-safe. Messages name the key; the caller adds the file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/tokenizer/added_tokens.h"
#include "libs/tokenizer/bpe.h"
#include "libs/tokenizer/pre_tokenizer.h"

namespace cohort {

// Ids above are refused: a damaged file must not reserve memory for them.
inline constexpr int32_t kHighestTokenId = (1 << 24) - 1;

struct TokenizerSpec {
  std::vector<AddedToken>
      added_tokens;  // ids and contents are unique and agree with the vocabulary
  std::vector<PreTokenizerStage> stages;
  BpeSpec bpe;
};

Result<TokenizerSpec> ParseTokenizerJson(std::string_view text);

// `eos_token` of a `tokenizer_config.json`: a string or an object with `content`; null is nothing.
Result<std::optional<std::string>> ParseEosToken(std::string_view text);

}  // namespace cohort
