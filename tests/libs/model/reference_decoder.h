// The decoder once more in plain libtorch operations and float64, one sequence at a time: slow,
// short and independent of the kernels. For gradients.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "libs/model/master_weights.h"

namespace cohort {

class ReferenceDecoder {
 public:
  explicit ReferenceDecoder(const MasterWeights& masters) : config_(masters.config()) {
    for (const auto& [name, tensor] : masters.tensors()) {
      weights_[name] = tensor.detach().to(at::kDouble).set_requires_grad(true);
    }
  }

  const at::Tensor& Weight(const std::string& name) const { return weights_.at(name); }

  // [n] log-probabilities of `targets` after each of `tokens`.
  at::Tensor Logprobs(const std::vector<int64_t>& tokens, const std::vector<int64_t>& targets,
                      double temperature) const {
    const auto n = static_cast<int64_t>(tokens.size());
    const at::Tensor& embedding = Weight("model.embed_tokens.weight");
    at::Tensor x = embedding.index_select(0, at::tensor(tokens));
    for (int64_t i = 0; i < config_.layers; ++i) {
      const std::string layer = "model.layers." + std::to_string(i) + ".";
      const auto weight = [&](const char* name) { return Weight(layer + name + ".weight"); };
      at::Tensor h = Norm(x, weight("input_layernorm"));
      const at::Tensor q = Rotate(Heads(at::linear(h, weight("self_attn.q_proj")), config_.heads));
      at::Tensor k = Rotate(Heads(at::linear(h, weight("self_attn.k_proj")), config_.kv_heads));
      at::Tensor v = Heads(at::linear(h, weight("self_attn.v_proj")), config_.kv_heads);
      const int64_t group = config_.heads / config_.kv_heads;
      k = k.repeat_interleave(group, 0);
      v = v.repeat_interleave(group, 0);
      const at::Tensor hidden_keys = at::ones({n, n}, at::kBool).triu(1);
      const at::Tensor scores =
          (at::matmul(q, k.transpose(1, 2)) / std::sqrt(static_cast<double>(config_.head_dim)))
              .masked_fill(hidden_keys, -std::numeric_limits<double>::infinity());
      const at::Tensor attended = at::matmul(at::softmax(scores, -1), v)
                                      .transpose(0, 1)
                                      .reshape({n, config_.heads * config_.head_dim});
      x = x + at::linear(attended, weight("self_attn.o_proj"));
      h = Norm(x, weight("post_attention_layernorm"));
      x = x + at::linear(at::silu(at::linear(h, weight("mlp.gate_proj"))) *
                             at::linear(h, weight("mlp.up_proj")),
                         weight("mlp.down_proj"));
    }
    const at::Tensor& head = config_.tied_head ? embedding : Weight("lm_head.weight");
    const at::Tensor logits = at::linear(Norm(x, Weight("model.norm.weight")), head);
    return at::log_softmax(logits / temperature, -1)
        .gather(1, at::tensor(targets).unsqueeze(1))
        .squeeze(1);
  }

 private:
  at::Tensor Norm(const at::Tensor& x, const at::Tensor& weight) const {
    return x * at::rsqrt(x.pow(2).mean(-1, /*keepdim=*/true) + config_.rms_norm_eps) * weight;
  }
  at::Tensor Heads(const at::Tensor& x, int64_t heads) const {
    return x.view({x.size(0), heads, config_.head_dim}).transpose(0, 1);
  }
  at::Tensor Rotate(const at::Tensor& x) const {  // [heads, n, head_dim]
    const int64_t half = config_.head_dim / 2;
    const at::Tensor exponents =
        at::arange(half, at::kDouble) * (2.0 / static_cast<double>(config_.head_dim));
    const at::Tensor angles = at::arange(x.size(1), at::kDouble).unsqueeze(1) *
                              at::pow(config_.rope_theta, -exponents).unsqueeze(0);
    const at::Tensor cos = angles.cos(), sin = angles.sin();
    const at::Tensor a = x.narrow(2, 0, half), b = x.narrow(2, half, half);
    return at::cat({a * cos - b * sin, b * cos + a * sin}, -1);
  }

  ModelConfig config_;
  std::map<std::string, at::Tensor> weights_;
};

}  // namespace cohort
