#include "libs/tokenizer/chat_template.h"

namespace cohort {
namespace {

constexpr std::string_view kSmolLm2System =
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face";

void AppendChatMl(std::string_view role, std::string_view content, std::string* text) {
  text->append("<|im_start|>").append(role).append("\n").append(content).append("<|im_end|>\n");
}

}  // namespace

Result<ChatTemplate> ParseChatTemplate(std::string_view name) {
  if (name == "plain") return ChatTemplate::kPlain;
  if (name == "smollm2") return ChatTemplate::kChatMl;
  return InvalidArgument("chat template '" + std::string(name) +
                         "' is not known; choose plain or smollm2");
}

Result<std::string> RenderChat(ChatTemplate chat_template, std::span<const ChatMessage> messages,
                               bool add_generation_prompt) {
  if (messages.empty()) return InvalidArgument("a conversation needs at least one message");
  std::string text;
  if (chat_template == ChatTemplate::kPlain) {
    for (const ChatMessage& message : messages) text += message.content;
    return text;
  }
  if (messages.front().role != "system") AppendChatMl("system", kSmolLm2System, &text);
  for (const ChatMessage& message : messages) {
    if (message.role.empty() || message.role.find('\n') != std::string::npos) {
      return InvalidArgument("role '" + message.role + "' is empty or holds a line break");
    }
    AppendChatMl(message.role, message.content, &text);
  }
  if (add_generation_prompt) text += "<|im_start|>assistant\n";
  return text;
}

}  // namespace cohort
