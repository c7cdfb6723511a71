#include "libs/model/decoder.h"

#include <ATen/ATen.h>

#include <string>
#include <unordered_set>
#include <utility>

#include "libs/model/row_ops.h"

namespace cohort {
namespace {

// Tokens as an index for libtorch.
at::Tensor Ids(std::span<const int32_t> tokens) {
  at::Tensor ids = at::empty({static_cast<int64_t>(tokens.size())}, at::kLong);
  std::copy(tokens.begin(), tokens.end(), ids.mutable_data_ptr<int64_t>());
  return ids;
}

Status CheckTokens(std::span<const int32_t> tokens, int64_t vocab_size) {
  for (int32_t token : tokens) {
    if (token < 0 || token >= vocab_size) {
      return InvalidArgument("token " + std::to_string(token) + " is outside the vocabulary of " +
                             std::to_string(vocab_size));
    }
  }
  return {};
}

Status BehindContext(int64_t length, int64_t max_positions) {
  return InvalidArgument("a sequence of " + std::to_string(length) +
                         " tokens is longer than the model's context of " +
                         std::to_string(max_positions));
}

}  // namespace

Decoder::Decoder(const ModelConfig& config, DType dtype)
    : config_(config),
      dtype_(dtype),
      ladders_(FindLinearLadders(config, dtype)),
      shape_{config.heads, config.kv_heads, config.head_dim, dtype},
      rotary_(std::make_shared<const RotaryTable>(config)) {}

Result<std::shared_ptr<const Decoder>> Decoder::Create(const ModelConfig& config, DType dtype) {
  COHORT_RETURN_IF_ERROR(CheckModelConfig(config, "model"));
  if (dtype != DType::kFloat32 && dtype != DType::kBFloat16) {
    return InvalidArgument("a decoder computes in float32 or bfloat16, not in " +
                           std::string(DTypeName(dtype)));
  }
  return std::shared_ptr<const Decoder>(new Decoder(config, dtype));
}

int64_t Decoder::CacheBlockBytes() const { return config_.layers * shape_.BlockBytes(); }

Status Decoder::CheckWeights(const ComputeWeights& weights) const {
  if (weights.dtype != dtype_ || weights.config.Weights() != config_.Weights()) {
    return InvalidArgument("the weights are of another shape or type than the decoder");
  }
  return {};
}

at::Tensor Decoder::RunLayers(const ComputeWeights& weights, std::span<const int32_t> tokens,
                              const Attention& attend) const {
  const double eps = config_.rms_norm_eps;
  at::Tensor x = EmbedRows(weights.embedding, weights.embedding_master, Ids(tokens));
  at::Tensor delta;
  at::Tensor normed;
  for (int64_t i = 0; i < config_.layers; ++i) {
    const LayerWeights& layer = weights.layers[static_cast<size_t>(i)];
    std::tie(x, normed) = AddRmsNormed(x, delta, layer.input_norm, eps);
    const at::Tensor attended = attend(i, Linear(normed, layer.qkv, ladders_.qkv));
    delta = Linear(attended, layer.output, ladders_.output);
    std::tie(x, normed) = AddRmsNormed(x, delta, layer.post_norm, eps);
    const at::Tensor gate_up = Linear(normed, layer.gate_up, ladders_.gate_up);
    delta = Linear(SwiGlued(gate_up), layer.down, ladders_.down);
  }
  return AddRmsNormed(x, delta, weights.final_norm, eps).second;
}

Result<at::Tensor> Decoder::Forward(const ComputeWeights& weights, const PackedBatch& batch) const {
  COHORT_RETURN_IF_ERROR(CheckWeights(weights));
  COHORT_RETURN_IF_ERROR(CheckPackedBatch(batch, config_.vocab_size, config_.max_positions));
  if (batch.tokens.empty()) return InvalidArgument("packed batch: no rows");
  auto plan = std::make_shared<AttentionPlan>();
  plan->shape = shape_;
  plan->rotary = rotary_;
  for (const PackedSegment& segment : batch.segments) {
    plan->segments.push_back({segment.first_row, segment.rows, segment.prefix});
    const int64_t start =
        segment.prefix < 0 ? 0 : batch.segments[static_cast<size_t>(segment.prefix)].rows;
    for (int64_t i = 0; i < segment.rows; ++i) {
      plan->positions.push_back(static_cast<int32_t>(start + i));
    }
  }
  return RunLayers(weights, batch.tokens,
                   [&](int64_t, const at::Tensor& qkv) { return Attend(qkv, plan); });
}

Decoder::Attention Decoder::CachedAttention(std::vector<AttentionRows> sequences,
                                            std::vector<int32_t> positions) const {
  return [this, sequences = std::move(sequences), positions = std::move(positions)](
             int64_t layer, const at::Tensor& qkv) mutable {
    const int64_t layer_bytes = shape_.BlockBytes();
    RotateRows({shape_, qkv.data_ptr(), positions, rotary_.get()});
    for (AttentionRows& sequence : sequences) {
      if (layer > 0) {
        for (std::byte*& block : sequence.prefix) block += layer_bytes;
        for (std::byte*& block : sequence.own) block += layer_bytes;
      }
      StoreKeys(shape_, qkv.const_data_ptr(), sequence.first_row, sequence.rows, sequence.own,
                sequence.own_keys - 1);
    }
    at::Tensor out = at::empty({qkv.size(0), shape_.heads * shape_.head_dim}, qkv.options());
    AttentionForward({shape_, sequences, qkv.const_data_ptr(), out.mutable_data_ptr(), nullptr});
    return out;
  };
}

Result<PrefillResult> Decoder::Prefill(const ComputeWeights& weights,
                                       std::span<const std::vector<int32_t>> prompts) const {
  COHORT_RETURN_IF_ERROR(CheckWeights(weights));
  const at::NoGradGuard no_grad;
  std::vector<int32_t> tokens;
  std::vector<int32_t> positions;
  std::vector<AttentionRows> sequences;
  std::vector<KvBlocks> caches;
  at::Tensor last_rows = at::empty({static_cast<int64_t>(prompts.size())}, at::kLong);
  for (size_t p = 0; p < prompts.size(); ++p) {
    const auto length = static_cast<int64_t>(prompts[p].size());
    if (length == 0) return InvalidArgument("a prompt needs at least one token");
    if (length > config_.max_positions) return BehindContext(length, config_.max_positions);
    COHORT_RETURN_IF_ERROR(CheckTokens(prompts[p], config_.vocab_size));
    KvBlocks& cache = caches.emplace_back(EmptyBlocks());
    cache.Reserve(length);
    AttentionRows& sequence = sequences.emplace_back();
    sequence.first_row = static_cast<int64_t>(tokens.size());
    sequence.rows = length;
    sequence.own = cache.FirstLayer();
    tokens.insert(tokens.end(), prompts[p].begin(), prompts[p].end());
    for (int64_t i = 0; i < length; ++i) positions.push_back(static_cast<int32_t>(i));
    last_rows.mutable_data_ptr<int64_t>()[p] = static_cast<int64_t>(tokens.size()) - 1;
  }
  PrefillResult result;
  if (prompts.empty()) {
    result.hidden = at::empty({0, config_.hidden_size}, weights.embedding.options());
    return result;
  }
  const at::Tensor hidden =
      RunLayers(weights, tokens, CachedAttention(std::move(sequences), std::move(positions)));
  result.hidden = hidden.index_select(0, last_rows);
  for (size_t p = 0; p < prompts.size(); ++p) {
    result.prompts.push_back(std::make_shared<const PromptCache>(
        std::move(caches[p]), static_cast<int64_t>(prompts[p].size())));
  }
  return result;
}

Result<at::Tensor> Decoder::Decode(const ComputeWeights& weights,
                                   std::span<const DecodeRow> rows) const {
  COHORT_RETURN_IF_ERROR(CheckWeights(weights));
  const at::NoGradGuard no_grad;
  std::vector<int32_t> tokens;
  std::unordered_set<const SampleCache*> seen;
  for (const DecodeRow& row : rows) {
    tokens.push_back(row.token);
    const int64_t length = row.sample->prompt().length() + row.sample->length() + 1;
    if (length > config_.max_positions) return BehindContext(length, config_.max_positions);
    if (row.sample->blocks_.layer_bytes() != shape_.BlockBytes()) {
      return InvalidArgument("a sample's cache is of another model");
    }
    if (!seen.insert(row.sample).second) {
      return InvalidArgument("a sample stands in a decode step twice");
    }
  }
  COHORT_RETURN_IF_ERROR(CheckTokens(tokens, config_.vocab_size));
  if (rows.empty()) return at::empty({0, config_.hidden_size}, weights.embedding.options());

  std::vector<AttentionRows> sequences;
  std::vector<int32_t> positions;
  for (const DecodeRow& row : rows) {
    SampleCache& sample = *row.sample;
    sample.blocks_.Reserve(sample.length_ + 1);
    AttentionRows& sequence = sequences.emplace_back();
    sequence.first_row = static_cast<int64_t>(positions.size());
    sequence.rows = 1;
    sequence.prefix = sample.prompt().blocks().FirstLayer();
    sequence.prefix_keys = sample.prompt().length();
    sequence.own = sample.blocks_.FirstLayer();
    sequence.own_keys = sample.length_ + 1;
    positions.push_back(static_cast<int32_t>(sequence.prefix_keys + sample.length_));
  }
  at::Tensor hidden =
      RunLayers(weights, tokens, CachedAttention(std::move(sequences), std::move(positions)));
  for (const DecodeRow& row : rows) ++row.sample->length_;
  return hidden;
}

}  // namespace cohort
