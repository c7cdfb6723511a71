// The Llama-family decoder: packed training forward, prefill and cached decode of one arithmetic.
//
// RMSNorm, rotary embedding, grouped-query attention, SwiGLU. All three passes give a row the same
// bits, whatever else is in the batch and however many rows it has: linears run in blocks whose row
// counts come from one class (row_classes.h), all else is computed row by row, attention in one
// order (attention_kernel.h). The decoder holds no weights; immutable, any thread may use it, and
// each pass runs on the calling thread (and libtorch's pool, one thread by default).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "libs/base/status.h"
#include "libs/checkpoint/model_config.h"
#include "libs/checkpoint/tensor.h"
#include "libs/model/attention_kernel.h"
#include "libs/model/compute_weights.h"
#include "libs/model/kv_cache.h"
#include "libs/model/packed_batch.h"
#include "libs/model/rotary_table.h"
#include "libs/model/row_classes.h"

namespace cohort {

struct PrefillResult {
  std::vector<std::shared_ptr<const PromptCache>> prompts;
  at::Tensor hidden;  // [prompts, hidden] compute type: after each prompt's last token
};

// One sample's next step: `token` is appended to the sample's cache.
struct DecodeRow {
  SampleCache* sample = nullptr;
  int32_t token = 0;
};

class Decoder {
 public:
  // Finds the row classes of its shapes: 0.5 s for SmolLM2 in bfloat16, 0.2 s for small models.
  static Result<std::shared_ptr<const Decoder>> Create(const ModelConfig& config, DType dtype);

  const ModelConfig& config() const { return config_; }
  DType dtype() const { return dtype_; }
  const LinearLadders& ladders() const { return ladders_; }
  // Of one block of kKeyBlock positions: a prompt or sample of n tokens holds ceil(n / kKeyBlock).
  int64_t CacheBlockBytes() const;

  // Hidden rows after the final norm, [rows, hidden] in the compute type. With weights that have
  // gradients (and at::GradMode on) the result leads back to the masters.
  Result<at::Tensor> Forward(const ComputeWeights& weights, const PackedBatch& batch) const;

  // Prompts of at least one token, all in one packed pass. No gradients.
  Result<PrefillResult> Prefill(const ComputeWeights& weights,
                                std::span<const std::vector<int32_t>> prompts) const;

  // Advances each sample by its token in one packed pass; returns [rows, hidden] in the compute
  // type, in the order of `rows`. Samples of any groups, each at most once. The caches may have
  // been written under other weights. On failure no cache has changed. No gradients.
  Result<at::Tensor> Decode(const ComputeWeights& weights, std::span<const DecodeRow> rows) const;

 private:
  Decoder(const ModelConfig& config, DType dtype);

  // Called for each layer with the products of queries, keys and values [rows, RowElements()]; may
  // overwrite them. Returns [rows, heads head_dim].
  using Attention = std::function<at::Tensor(int64_t layer, const at::Tensor& qkv)>;
  at::Tensor RunLayers(const ComputeWeights& weights, std::span<const int32_t> tokens,
                       const Attention& attend) const;
  // Attention of rows whose keys live in caches: stores theirs, then attends.
  Attention CachedAttention(std::vector<AttentionRows> sequences,
                            std::vector<int32_t> positions) const;
  Status CheckWeights(const ComputeWeights& weights) const;
  KvBlocks EmptyBlocks() const { return {config_.layers, shape_.BlockBytes()}; }

  ModelConfig config_;
  DType dtype_;
  LinearLadders ladders_;
  AttentionShape shape_;
  std::shared_ptr<const RotaryTable> rotary_;
};

}  // namespace cohort
