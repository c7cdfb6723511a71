#include "learner/prompt_source.h"

#include <numeric>
#include <utility>

#include "libs/base/rng.h"
#include "libs/run/prompt_file.h"

namespace cohort {

Result<PromptSource> PromptSource::Load(const std::filesystem::path& file,
                                        const Tokenizer& tokenizer, ChatTemplate chat_template,
                                        int64_t max_tokens, uint64_t seed) {
  COHORT_ASSIGN_OR_RETURN(const std::vector<PromptRow> rows, ReadPromptFile(file));
  PromptSource source;
  source.seed_ = seed;
  for (const PromptRow& row : rows) {
    const std::string where = file.string() + ":" + std::to_string(row.line);
    std::vector<ChatMessage> messages;
    for (const PromptMessage& message : row.messages)
      messages.push_back({message.role, message.content});
    const Result<std::string> text =
        RenderChat(chat_template, messages, /*add_generation_prompt=*/true);
    if (!text.ok()) return text.status().WithContext(where);
    PromptTokens prompt{tokenizer.Encode(*text), row.answer};
    if (prompt.tokens.empty())
      return InvalidArgument(where + ": the prompt has no tokens in this vocabulary");
    if (static_cast<int64_t>(prompt.tokens.size()) > max_tokens) {
      return InvalidArgument(where + ": the prompt has " + std::to_string(prompt.tokens.size()) +
                             " tokens; the model's context leaves room for " +
                             std::to_string(max_tokens) + " beside sampling.max_new_tokens");
    }
    source.prompts_.push_back(std::move(prompt));
  }
  return source;
}

uint64_t PromptSource::RowAt(uint64_t cursor) {
  const uint64_t epoch = cursor / rows();
  if (epoch != epoch_) {
    epoch_ = epoch;
    order_.resize(rows());
    std::iota(order_.begin(), order_.end(), 0);
    Rng rng(RandomAt({seed_, epoch}));
    for (uint64_t i = rows(); i > 1; --i) std::swap(order_[i - 1], order_[rng.Below(i)]);
  }
  return order_[cursor % rows()];
}

}  // namespace cohort
