// The shape of a Llama-family decoder, read from and written to Hugging Face's config.json.
//
// Reads what transformers 4 (rope_theta) and 5 (rope_parameters) write; writes both, so that either
// opens it. Refuses by name what the decoder does not compute: other model types, scaled RoPE,
// biases, other activations, quantised weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

struct ModelConfig {
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t intermediate_size = 0;
  int64_t layers = 0;
  int64_t heads = 0;     // of queries
  int64_t kv_heads = 0;  // divides heads
  int64_t head_dim = 0;  // even; need not be hidden_size / heads
  int64_t max_positions = 0;
  double rms_norm_eps = 1e-6;
  double rope_theta = 10000.0;
  double initializer_range = 0.02;
  bool tied_head = false;  // the head is the embedding
  int64_t bos_token = -1;  // -1: none
  int64_t pad_token = -1;
  std::vector<int64_t> eos_tokens;

  bool operator==(const ModelConfig&) const = default;

  // The weights under Hugging Face's names, with shapes, in the order in which publications carry
  // them: the embedding; per layer input norm, q, k, v, o, post-attention norm, gate, up, down;
  // the final norm; the head unless it is tied.
  std::vector<std::pair<std::string, std::vector<int64_t>>> Weights() const;
  int64_t Parameters() const;
};

// kInvalidArgument names the key that is wrong or not supported. `where` (a path) begins messages.
Result<ModelConfig> ParseModelConfig(std::string_view json, std::string_view where);
Result<ModelConfig> ReadModelConfig(const std::filesystem::path& config_json);
// `dtype` is "float32" or "bfloat16": the type of the weights beside it.
std::string ModelConfigToJson(const ModelConfig& config, std::string_view dtype);

// Sizes positive, kv_heads divides heads, head_dim even, tokens inside the vocabulary.
Status CheckModelConfig(const ModelConfig& config, std::string_view where);

}  // namespace cohort
