#include "learner/prompt_source.h"

#include <utility>

#include "libs/run/prompt_file.h"

namespace cohort {

Result<PromptSource> PromptSource::Load(const std::filesystem::path& file,
                                        const Tokenizer& tokenizer, ChatTemplate chat_template,
                                        int64_t max_tokens, uint64_t seed) {
  COHORT_ASSIGN_OR_RETURN(const std::vector<PromptRow> rows, ReadPromptFile(file));
  std::vector<PromptTokens> prompts;
  for (const PromptRow& row : rows) {
    const std::string where = file.string() + ":" + std::to_string(row.line);
    std::vector<ChatMessage> messages;
    for (const PromptMessage& message : row.messages)
      messages.push_back({message.role, message.content});
    const Result<std::string> text =
        RenderChat(chat_template, messages, /*add_generation_prompt=*/true);
    if (!text.ok()) return text.status().WithContext(where);
    PromptTokens prompt{tokenizer.Encode(*text), row.answer, row.columns, row.line};
    if (prompt.tokens.empty())
      return InvalidArgument(where + ": the prompt has no tokens in this vocabulary");
    if (static_cast<int64_t>(prompt.tokens.size()) > max_tokens) {
      return InvalidArgument(where + ": the prompt has " + std::to_string(prompt.tokens.size()) +
                             " tokens; the model's context leaves room for " +
                             std::to_string(max_tokens) + " beside sampling.max_new_tokens");
    }
    prompts.push_back(std::move(prompt));
  }
  return PromptSource(std::move(prompts), seed);
}

}  // namespace cohort
