// Conversations as text: the templates that models were trained on.
//
// A template is chosen by name, not interpreted: `tokenizer_config.json` carries a Jinja program,
// and only those written here are known. Pure functions; thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace cohort {

struct ChatMessage {
  std::string role;  // system, user, assistant, …
  std::string content;
};

enum class ChatTemplate {
  kPlain,   // contents one after another, roles unseen; for models without a chat format
  kChatMl,  // <|im_start|>role\ncontent<|im_end|>\n, with SmolLM2-Instruct's default system message
};

// "plain" or "smollm2".
Result<ChatTemplate> ParseChatTemplate(std::string_view name);

// With `add_generation_prompt` the text ends where the assistant begins to speak. No messages and
// ChatML roles that are empty or hold a line break are refused.
Result<std::string> RenderChat(ChatTemplate chat_template, std::span<const ChatMessage> messages,
                               bool add_generation_prompt);

}  // namespace cohort
