#include "libs/checkpoint/model_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace cohort {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kSmall =
    R"({"model_type": "llama", "vocab_size": 100, "hidden_size": 32, "intermediate_size": 48,
        "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 128)";

Result<ModelConfig> Parse(const std::string& rest) {
  return ParseModelConfig(kSmall + rest + "}", "m/config.json");
}

TEST(ModelConfigTest, FillsInWhatHuggingFaceLeavesOut) {
  auto config = Parse("");
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->kv_heads, 4);
  EXPECT_EQ(config->head_dim, 8);
  EXPECT_EQ(config->rope_theta, 10000.0);
  EXPECT_EQ(config->rms_norm_eps, 1e-6);
  EXPECT_FALSE(config->tied_head);
  EXPECT_TRUE(config->eos_tokens.empty());
}

TEST(ModelConfigTest, ReadsTheRotaryBaseOfBothGenerations) {
  EXPECT_EQ(Parse(R"(, "rope_theta": 5e5)")->rope_theta, 5e5);
  EXPECT_EQ(Parse(R"(, "rope_theta": 5e5, "rope_scaling": null)")->rope_theta, 5e5);
  EXPECT_EQ(
      Parse(R"(, "rope_parameters": {"rope_type": "default", "rope_theta": 7e4})")->rope_theta,
      7e4);
}

TEST(ModelConfigTest, ReadsOneOrManyEndTokens) {
  EXPECT_EQ(Parse(R"(, "eos_token_id": 2)")->eos_tokens, std::vector<int64_t>{2});
  EXPECT_EQ(Parse(R"(, "eos_token_id": [2, 5])")->eos_tokens, (std::vector<int64_t>{2, 5}));
}

TEST(ModelConfigTest, RefusesByNameWhatTheDecoderDoesNotCompute) {
  const auto message = [](const std::string& rest) { return Parse(rest).status().message(); };
  EXPECT_THAT(message(R"(, "rope_scaling": {"rope_type": "llama3", "factor": 8.0})"),
              AllOf(HasSubstr("m/config.json"), HasSubstr("rope_scaling"), HasSubstr("llama3")));
  EXPECT_THAT(message(R"(, "rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4})"),
              HasSubstr("yarn"));
  EXPECT_THAT(message(R"(, "attention_bias": true)"), HasSubstr("attention_bias"));
  EXPECT_THAT(message(R"(, "hidden_act": "gelu")"), HasSubstr("gelu"));
  EXPECT_THAT(message(R"(, "quantization_config": {})"), HasSubstr("quantization_config"));
  EXPECT_THAT(ParseModelConfig(R"({"model_type": "qwen2"})", "x").status().message(),
              AllOf(HasSubstr("model_type"), HasSubstr("qwen2")));
}

TEST(ModelConfigTest, NamesTheKeyThatIsWrong) {
  const auto message = [](const std::string& rest) { return Parse(rest).status().message(); };
  EXPECT_THAT(message(R"(, "num_key_value_heads": 3)"), HasSubstr("num_key_value_heads"));
  EXPECT_THAT(message(R"(, "head_dim": 7)"), HasSubstr("head_dim"));
  EXPECT_THAT(message(R"(, "num_key_value_heads": 0)"), HasSubstr("num_key_value_heads"));
  EXPECT_THAT(message(R"(, "eos_token_id": 100)"), HasSubstr("eos_token_id"));
  EXPECT_THAT(message(R"(, "rms_norm_eps": "small")"), HasSubstr("rms_norm_eps"));
  EXPECT_THAT(message(R"(, "tie_word_embeddings": 1)"), HasSubstr("tie_word_embeddings"));
  EXPECT_THAT(ParseModelConfig(R"({"model_type": "llama"})", "x").status().message(),
              HasSubstr("vocab_size"));
  EXPECT_THAT(ParseModelConfig("{", "x").status().message(), HasSubstr("not a JSON object"));
}

TEST(ModelConfigTest, WritesWhatItReads) {
  auto config = Parse(
      R"(, "num_key_value_heads": 2, "head_dim": 6, "rope_theta": 12345.5, "rms_norm_eps": 1e-5,
          "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": [2, 3],
          "pad_token_id": 0)");
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  const std::string json = ModelConfigToJson(*config, "bfloat16");
  EXPECT_THAT(json, AllOf(HasSubstr("rope_theta"), HasSubstr("rope_parameters")));
  auto again = ParseModelConfig(json, "again");
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(*again, *config);
}

TEST(ModelConfigTest, CountsItsParameters) {
  for (const char* tied : {"true", "false"}) {
    auto config =
        Parse(std::string(R"(, "num_key_value_heads": 2, "tie_word_embeddings": )") + tied);
    ASSERT_TRUE(config.ok());
    int64_t sum = 0;
    for (const auto& [name, shape] : config->Weights()) {
      int64_t elements = 1;
      for (int64_t size : shape) elements *= size;
      sum += elements;
    }
    EXPECT_EQ(config->Parameters(), sum);
  }
}

}  // namespace
}  // namespace cohort
