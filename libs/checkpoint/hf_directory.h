// A model as a Hugging Face directory: config.json, model.safetensors or its shards with
// model.safetensors.index.json, and the tokenizer's files beside them.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "libs/checkpoint/model_config.h"
#include "libs/checkpoint/safetensors.h"

namespace cohort {

class HfDirectory {
 public:
  // Opens every shard and checks that each weight of the configuration is there with its shape and
  // a floating type (a tied model may omit lm_head.weight). Weights that the decoder does not know
  // are an error too, but for rotary_emb.inv_freq, which old files carry.
  static Result<HfDirectory> Open(const std::filesystem::path& directory);

  const std::filesystem::path& path() const { return path_; }
  const ModelConfig& config() const { return config_; }
  // A weight of config().Weights().
  Result<TensorView> Find(std::string_view name) const;

 private:
  std::filesystem::path path_;
  ModelConfig config_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, TensorView, std::less<>> tensors_;
};

// Writes model.safetensors and config.json into `directory` (made when absent) and copies the
// tokenizer's files (tokenizer.json, tokenizer_config.json, special_tokens_map.json,
// generation_config.json, chat_template.jinja, vocab.json, merges.txt: those there are) from
// `tokenizer_source`, unless that is empty. Every file is synced; the caller renames the directory
// when it must appear at once.
Status WriteHfDirectory(const std::filesystem::path& directory, const ModelConfig& config,
                        std::span<const TensorView> weights,
                        const std::filesystem::path& tokenizer_source);

}  // namespace cohort
