#include "libs/model/head.h"

#include <torch/torch.h>

#include <optional>
#include <vector>

#include "libs/model/products.h"
#include "libs/model/torch_types.h"

namespace cohort {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

constexpr int64_t kForwardRows = 96;    // whose logits are held at a time, float32
constexpr int64_t kBackwardRows = 480;  // whose gradients of logits are held, compute type

// Calls use(row, logits) for each row, over a scratch of kForwardRows rows of logits.
template <typename Use>
void ForEachRow(const PackedHead& head, const at::Tensor& hidden, int64_t begin, int64_t end,
                at::Tensor& scratch, const Use& use) {
  const int64_t row_bytes = hidden.size(1) * hidden.element_size();
  auto* logits = scratch.mutable_data_ptr<float>();
  for (int64_t first = begin; first < end; first += kForwardRows) {
    const int64_t rows = std::min(kForwardRows, end - first);
    ComputeLogits(head, static_cast<const char*>(hidden.const_data_ptr()) + first * row_bytes, rows,
                  logits, head.vocab);
    for (int64_t r = 0; r < rows; ++r) {
      use(first + r,
          std::span<const float>(logits + r * head.vocab, static_cast<size_t>(head.vocab)));
    }
  }
}

at::Tensor Scratch(const PackedHead& head, int64_t rows) {
  return at::empty({std::min(kForwardRows, rows), head.vocab}, at::kFloat);
}

struct Selected {
  at::Tensor logprobs, entropy, log_sums;
};
Selected Select(const PackedHead& head, const at::Tensor& hidden, const at::Tensor& targets,
                float inverse_temperature, bool with_entropy) {
  const int64_t rows = hidden.size(0);
  Selected result{at::empty({rows}, at::kFloat), at::Tensor(), at::empty({rows}, at::kFloat)};
  if (with_entropy) result.entropy = at::empty({rows}, at::kFloat);
  auto* logprobs = result.logprobs.mutable_data_ptr<float>();
  auto* log_sums = result.log_sums.mutable_data_ptr<float>();
  auto* entropy = with_entropy ? result.entropy.mutable_data_ptr<float>() : nullptr;
  const auto* target = targets.const_data_ptr<int64_t>();
  at::Tensor scratch = Scratch(head, rows);
  ForEachRow(head, hidden, 0, rows, scratch, [&](int64_t row, std::span<const float> logits) {
    const RowSoftmax softmax = SoftmaxOfRow(logits, inverse_temperature, with_entropy);
    logprobs[row] = LogprobOf(logits, target[row], inverse_temperature, softmax);
    log_sums[row] = softmax.log_sum_exp;
    if (entropy != nullptr) entropy[row] = softmax.entropy;
  });
  return result;
}

// What backward needs of the weights; the context keeps it alive.
struct HeadHolder : torch::CustomClassHolder {
  HeadHolder(PackedHead packed_head, at::Tensor plain_head)
      : packed(std::move(packed_head)), plain(std::move(plain_head)) {}
  PackedHead packed;
  at::Tensor plain;  // [vocab, hidden]
};

class SelectFunction : public Function<SelectFunction> {
 public:
  static variable_list forward(AutogradContext* context, const at::Tensor& hidden,
                               const std::optional<at::Tensor>& master,
                               const ComputeWeights* weights, const at::Tensor& targets,
                               double temperature, bool with_entropy) {
    const auto inverse_temperature = static_cast<float>(1.0 / temperature);
    const at::Tensor dense = hidden.contiguous();
    Selected result =
        Select(weights->packed_head, dense, targets, inverse_temperature, with_entropy);
    context->save_for_backward({dense, targets, result.log_sums});
    context->saved_data["head"] = at::IValue::make_capsule(
        c10::make_intrusive<HeadHolder>(weights->packed_head, weights->head));
    context->saved_data["to_master"] = master.has_value();
    context->saved_data["inverse_temperature"] = static_cast<double>(inverse_temperature);
    if (!with_entropy) return {result.logprobs};
    context->mark_non_differentiable({result.entropy});
    return {result.logprobs, result.entropy};
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const auto capsule = context->saved_data["head"].toCapsule();
    const HeadHolder& head = *c10::static_intrusive_pointer_cast<HeadHolder>(capsule);
    // Rows without a gradient are left out.
    const at::Tensor grad = grads[0].to(at::kFloat).contiguous();
    const at::Tensor rows = grad.nonzero().squeeze(1);
    const Chosen chosen{saved[0].index_select(0, rows), saved[1].index_select(0, rows),
                        saved[2].index_select(0, rows), grad.index_select(0, rows)};
    at::Tensor grad_hidden, grad_head;
    if (context->needs_input_grad(0)) grad_hidden = at::zeros_like(saved[0]);
    if (context->saved_data["to_master"].toBool())
      grad_head = at::zeros(head.plain.sizes(), at::kFloat);
    const auto inverse_temperature =
        static_cast<float>(context->saved_data["inverse_temperature"].toDouble());
    const int64_t count = rows.size(0);
    at::Tensor scratch = Scratch(head.packed, count);
    for (int64_t begin = 0; begin < count; begin += kBackwardRows) {
      const int64_t end = std::min(count, begin + kBackwardRows);
      const at::Tensor logits =
          LogitGradientRows(head, chosen, begin, end, inverse_temperature, scratch);
      if (grad_hidden.defined()) {
        grad_hidden.index_copy_(0, rows.narrow(0, begin, end - begin), Product(logits, head.plain));
      }
      if (!grad_head.defined()) continue;
      const at::Tensor hidden = chosen.hidden.narrow(0, begin, end - begin);
      if (head.plain.scalar_type() == at::kFloat) {
        grad_head.addmm_(logits.t(), hidden);
      } else {
        grad_head.add_(Product(logits.t(), hidden));
      }
    }
    return {grad_hidden, grad_head, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }

 private:
  struct Chosen {
    at::Tensor hidden, targets, log_sums, grad;
  };

  // The gradient of logits [end - begin, vocab] in the compute type.
  static at::Tensor LogitGradientRows(const HeadHolder& head, const Chosen& chosen, int64_t begin,
                                      int64_t end, float inverse_temperature, at::Tensor& scratch) {
    at::Tensor result = at::empty({end - begin, head.packed.vocab}, head.plain.options());
    auto* out = static_cast<char*>(result.mutable_data_ptr());
    const int64_t row_bytes = head.packed.vocab * result.element_size();
    const auto* targets = chosen.targets.const_data_ptr<int64_t>();
    const auto* log_sums = chosen.log_sums.const_data_ptr<float>();
    const auto* grad = chosen.grad.const_data_ptr<float>();
    ForEachRow(head.packed, chosen.hidden, begin, end, scratch,
               [&](int64_t row, std::span<const float> logits) {
                 LogitGradients(logits, targets[row], inverse_temperature, log_sums[row], grad[row],
                                head.packed.dtype, out + (row - begin) * row_bytes);
               });
    return result;
  }
};

}  // namespace

at::Tensor HeadLogits(const ComputeWeights& weights, const at::Tensor& hidden) {
  const at::NoGradGuard no_grad;
  const at::Tensor dense = hidden.contiguous();
  at::Tensor logits = at::empty({dense.size(0), weights.config.vocab_size}, at::kFloat);
  ComputeLogits(weights.packed_head, dense.const_data_ptr(), dense.size(0),
                logits.mutable_data_ptr<float>(), weights.config.vocab_size);
  return logits;
}

TokenLogprobs SelectedLogprobs(const ComputeWeights& weights, const at::Tensor& hidden,
                               const at::Tensor& targets, double temperature, bool with_entropy) {
  TORCH_CHECK(hidden.dim() == 2 && hidden.size(1) == weights.config.hidden_size &&
                  hidden.scalar_type() == ToScalarType(weights.dtype),
              "SelectedLogprobs: hidden must be [n, hidden] of the weights' type");
  TORCH_CHECK(targets.dim() == 1 && targets.size(0) == hidden.size(0) &&
                  targets.scalar_type() == at::kLong && temperature > 0,
              "SelectedLogprobs: targets must be [n] int64, the temperature positive");
  const at::Tensor dense_targets = targets.contiguous();
  if (targets.size(0) > 0) {
    TORCH_CHECK(dense_targets.min().item<int64_t>() >= 0 &&
                    dense_targets.max().item<int64_t>() < weights.config.vocab_size,
                "SelectedLogprobs: a target is outside the vocabulary");
  }
  const bool master_wants = weights.head_master.defined() && weights.head_master.requires_grad();
  if (!at::GradMode::is_enabled() || (!hidden.requires_grad() && !master_wants)) {
    const at::NoGradGuard no_grad;
    const Selected result = Select(weights.packed_head, hidden.contiguous(), dense_targets,
                                   static_cast<float>(1.0 / temperature), with_entropy);
    return {result.logprobs, result.entropy};
  }
  const auto master = master_wants ? std::optional(weights.head_master) : std::nullopt;
  const variable_list result =
      SelectFunction::apply(hidden, master, &weights, dense_targets, temperature, with_entropy);
  return {result[0], with_entropy ? result[1] : at::Tensor()};
}

}  // namespace cohort
