#include "libs/tokenizer/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace cohort {
namespace {

using ::testing::HasSubstr;

TEST(ChatTemplate, WritesSmolLm2sDefaultSystemMessage) {
  const std::vector<ChatMessage> messages = {{"user", "What is 7 + 5?"}};
  const Result<std::string> text = RenderChat(ChatTemplate::kChatMl, messages, true);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text,
            "<|im_start|>system\n"
            "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
            "<|im_start|>user\nWhat is 7 + 5?<|im_end|>\n"
            "<|im_start|>assistant\n");
}

TEST(ChatTemplate, KeepsAGivenSystemMessageAndLeavesTheConversationClosed) {
  const std::vector<ChatMessage> messages = {{"system", "S"}, {"user", "U"}, {"assistant", "A"}};
  const Result<std::string> text = RenderChat(ChatTemplate::kChatMl, messages, false);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text,
            "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n"
            "<|im_start|>assistant\nA<|im_end|>\n");
}

TEST(ChatTemplate, JoinsContentsWhenPlain) {
  const std::vector<ChatMessage> messages = {{"user", "0110"}, {"user", ":"}};
  EXPECT_EQ(*RenderChat(ChatTemplate::kPlain, messages, true), "0110:");
}

TEST(ChatTemplate, RefusesConversationsThatItCannotWrite) {
  EXPECT_THAT(RenderChat(ChatTemplate::kPlain, {}, true).status().message(),
              HasSubstr("at least one message"));
  const std::vector<ChatMessage> messages = {{"user\nx", "hi"}};
  EXPECT_FALSE(RenderChat(ChatTemplate::kChatMl, messages, true).ok());
}

TEST(ChatTemplate, IsChosenByName) {
  EXPECT_EQ(*ParseChatTemplate("plain"), ChatTemplate::kPlain);
  EXPECT_EQ(*ParseChatTemplate("smollm2"), ChatTemplate::kChatMl);
  EXPECT_THAT(ParseChatTemplate("llama3").status().message(),
              HasSubstr("'llama3' is not known; choose plain or smollm2"));
}

}  // namespace
}  // namespace cohort
