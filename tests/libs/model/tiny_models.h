// Small decoders for tests.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "libs/checkpoint/model_config.h"

namespace cohort {

using Prompts = std::vector<std::vector<int32_t>>;

// The demo's character model: two layers, 64 wide.
inline ModelConfig CharacterModel() {
  ModelConfig config;
  config.vocab_size = 40;
  config.hidden_size = 64;
  config.intermediate_size = 172;
  config.layers = 2;
  config.heads = 4;
  config.kv_heads = 4;
  config.head_dim = 16;
  config.max_positions = 512;
  config.rms_norm_eps = 1e-5;
  config.initializer_range = 0.1;
  config.tied_head = true;
  return config;
}

// Grouped queries, a head_dim that is no multiple of 16, an untied head.
inline ModelConfig OddModel() {
  ModelConfig config;
  config.vocab_size = 83;
  config.hidden_size = 36;
  config.intermediate_size = 52;
  config.layers = 2;
  config.heads = 6;
  config.kv_heads = 2;
  config.head_dim = 10;
  config.max_positions = 512;
  config.rms_norm_eps = 1e-5;
  config.initializer_range = 0.15;
  config.tied_head = false;
  return config;
}

inline std::filesystem::path SourceDirectory() {
  const char* source = std::getenv("COHORT_SOURCE");
  return source == nullptr ? std::filesystem::current_path() : std::filesystem::path(source);
}

}  // namespace cohort
