#include "libs/model/compute_weights.h"

#include <ATen/ATen.h>

#include <string>

#include "libs/model/row_ops.h"
#include "libs/model/torch_types.h"

namespace cohort {
namespace {

constexpr const char* kEmbedding = "model.embed_tokens.weight";
constexpr const char* kHead = "lm_head.weight";

std::string LayerWeight(int64_t layer, const char* name) {
  return "model.layers." + std::to_string(layer) + "." + name + ".weight";
}

// The same model from a source of fused weights: `fuse` takes the names of weights that lie below
// one another.
template <typename Fuse>
void FillLayers(ComputeWeights& weights, const Fuse& fuse) {
  for (int64_t i = 0; i < weights.config.layers; ++i) {
    const auto name = [i](const char* part) { return LayerWeight(i, part); };
    LayerWeights& layer = weights.layers.emplace_back();
    layer.input_norm = fuse({name("input_layernorm")});
    layer.qkv =
        fuse({name("self_attn.q_proj"), name("self_attn.k_proj"), name("self_attn.v_proj")});
    layer.output = fuse({name("self_attn.o_proj")});
    layer.post_norm = fuse({name("post_attention_layernorm")});
    layer.gate_up = fuse({name("mlp.gate_proj"), name("mlp.up_proj")});
    layer.down = fuse({name("mlp.down_proj")});
  }
  weights.final_norm = fuse({std::string("model.norm.weight")});
}

void PackTheHead(ComputeWeights& weights) {
  weights.packed_head = PackHead(weights.head.const_data_ptr(), weights.config.vocab_size,
                                 weights.config.hidden_size, weights.dtype);
}

}  // namespace

std::shared_ptr<const ComputeWeights> MakeComputeWeights(const MasterWeights& masters, DType dtype,
                                                         Gradients gradients) {
  auto weights = std::make_shared<ComputeWeights>();
  weights->config = masters.config();
  weights->dtype = dtype;
  const bool with_gradients = gradients == Gradients::kToMasters;
  const at::Tensor& embedding = masters.Get(kEmbedding);
  const at::Tensor& head = masters.config().tied_head ? embedding : masters.Get(kHead);
  {
    const at::AutoGradMode mode(with_gradients);
    FillLayers(*weights, [&](const std::vector<std::string>& names) {
      std::vector<at::Tensor> parts;
      for (const std::string& name : names) parts.push_back(masters.Get(name));
      return FuseRounded(parts, dtype);
    });
  }
  const at::NoGradGuard no_grad;
  weights->embedding = FuseRounded({embedding}, dtype);
  weights->head = masters.config().tied_head ? weights->embedding : FuseRounded({head}, dtype);
  if (with_gradients) {
    weights->embedding_master = embedding;
    weights->head_master = head;
  }
  PackTheHead(*weights);
  return weights;
}

Result<std::shared_ptr<const ComputeWeights>> MakeComputeWeights(const ModelConfig& config,
                                                                 const WeightsBuffer& buffer) {
  const at::NoGradGuard no_grad;
  const DType dtype =
      buffer.manifest.tensors.empty() ? DType::kFloat32 : buffer.manifest.tensors.front().dtype;
  if ((dtype != DType::kFloat32 && dtype != DType::kBFloat16) ||
      buffer.manifest != ManifestFor(config, dtype)) {
    return InvalidArgument(
        "the publication's manifest is not that of this model; actor and learner must read the "
        "same configuration");
  }
  auto weights = std::make_shared<ComputeWeights>();
  weights->config = config;
  weights->dtype = dtype;
  const auto find = [&](const std::string& name) -> const TensorEntry& {
    for (const TensorEntry& entry : buffer.manifest.tensors) {
      if (entry.name == name) return entry;
    }
    return buffer.manifest.tensors.front();
  };
  // ManifestFor lays the parts of a fused weight side by side.
  const auto view = [&](const std::vector<std::string>& names) {
    const TensorEntry& first = find(names.front());
    std::vector<int64_t> shape = first.shape;
    for (size_t i = 1; i < names.size(); ++i) shape[0] += find(names[i]).shape[0];
    auto* data = const_cast<std::byte*>(buffer.data.get()) + first.offset;
    return at::from_blob(
        data, shape, [kept = buffer.data](void*) {}, ToScalarType(dtype));
  };
  FillLayers(*weights, view);
  weights->embedding = view({kEmbedding});
  weights->head = config.tied_head ? weights->embedding : view({kHead});
  PackTheHead(*weights);
  return std::shared_ptr<const ComputeWeights>(std::move(weights));
}

}  // namespace cohort
