// What a forward pass reads: the weights rounded once to the compute type, fused.
//
// Built from masters (with gradients, for one training forward; or without) or from a received
// publication: the numbers are the same, so actor and learner agree to the bit. Immutable, shared;
// any thread may read.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "libs/base/status.h"
#include "libs/checkpoint/model_config.h"
#include "libs/checkpoint/tensor.h"
#include "libs/checkpoint/weights_buffer.h"
#include "libs/model/head_kernel.h"
#include "libs/model/master_weights.h"

namespace cohort {

struct LayerWeights {
  at::Tensor input_norm;  // [hidden]
  at::Tensor qkv;         // [(heads + 2 kv_heads) head_dim, hidden]
  at::Tensor output;      // [hidden, heads head_dim]
  at::Tensor post_norm;   // [hidden]
  at::Tensor gate_up;     // [2 intermediate, hidden]
  at::Tensor down;        // [hidden, intermediate]
};

struct ComputeWeights {
  ModelConfig config;
  DType dtype = DType::kFloat32;  // of all tensors below but the masters
  at::Tensor embedding;           // [vocab, hidden]
  std::vector<LayerWeights> layers;
  at::Tensor final_norm;  // [hidden]
  at::Tensor head;        // [vocab, hidden]; the embedding when tied
  PackedHead packed_head;
  // Where gradients of embedding and head go, in float32, past the rounding: the masters when built
  // with gradients (one tensor when tied), else undefined.
  at::Tensor embedding_master;  // [vocab, hidden] float32
  at::Tensor head_master;       // [vocab, hidden] float32
};

enum class Gradients { kNone, kToMasters };

// `dtype` is kFloat32 or kBFloat16. With kToMasters the result is good for forwards until the
// masters change; without, it is a copy of its own.
std::shared_ptr<const ComputeWeights> MakeComputeWeights(const MasterWeights& masters, DType dtype,
                                                         Gradients gradients);

// Keeps the buffer and reads from it in place; the packed head is made anew. kInvalidArgument when
// the manifest is not ManifestFor(config, dtype).
Result<std::shared_ptr<const ComputeWeights>> MakeComputeWeights(const ModelConfig& config,
                                                                 const WeightsBuffer& buffer);

}  // namespace cohort
