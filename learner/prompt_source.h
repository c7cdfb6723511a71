// A prompt file as an endless, shuffled supply: the cursor gives the row.
//
// Rows are tokenised once, when the file is loaded. Every epoch has an order of its own, drawn from
// the seed, so that a restarted learner gives a cursor the same row. Immutable after Load but for
// the remembered order of one epoch; belongs to one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "learner/epoch_order.h"
#include "libs/base/status.h"
#include "libs/tokenizer/chat_template.h"
#include "libs/tokenizer/tokenizer.h"

namespace cohort {

struct PromptTokens {
  std::vector<int32_t> tokens;
  std::string answer;
  std::string columns;  // the row's others, as JSON
  int64_t line = 0;     // of the file, from 1
};

class PromptSource {
 public:
  // `max_tokens`: a longer prompt is an error that names its line (it would not fit the model's
  // context).
  static Result<PromptSource> Load(const std::filesystem::path& file, const Tokenizer& tokenizer,
                                   ChatTemplate chat_template, int64_t max_tokens, uint64_t seed);

  uint64_t rows() const { return prompts_.size(); }
  const PromptTokens& row(uint64_t row) const { return prompts_[row]; }
  // The row of the cursor's prompt, epoch after epoch.
  uint64_t RowAt(uint64_t cursor) { return order_.RowAt(cursor); }

 private:
  PromptSource(std::vector<PromptTokens> prompts, uint64_t seed)
      : prompts_(std::move(prompts)), order_(prompts_.size(), seed) {}

  std::vector<PromptTokens> prompts_;
  EpochOrder order_;
};

}  // namespace cohort
