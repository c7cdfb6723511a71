#include "libs/model/row_ops.h"

#include <torch/torch.h>

#include <optional>

#include "libs/model/kv_cache.h"
#include "libs/model/products.h"
#include "libs/model/row_kernels.h"
#include "libs/model/torch_types.h"

namespace cohort {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

DType TypeOf(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kBFloat16 ? DType::kBFloat16 : DType::kFloat32;
}

// The gradient as dense memory of the type that the kernels expect.
at::Tensor Dense(const at::Tensor& grad, const at::Tensor& like) {
  return grad.to(like.scalar_type()).contiguous();
}

class FuseRoundedFunction : public Function<FuseRoundedFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, at::TensorList masters, DType dtype) {
    std::vector<int64_t> shape = masters.front().sizes().vec();
    std::vector<int64_t> rows;
    shape[0] = 0;
    for (const at::Tensor& master : masters) {
      rows.push_back(master.size(0));
      shape[0] += master.size(0);
    }
    at::Tensor fused = at::empty(shape, ToScalarType(dtype));
    int64_t first = 0;
    for (const at::Tensor& master : masters) {
      fused.narrow(0, first, master.size(0)).copy_(master);
      first += master.size(0);
    }
    context->saved_data["rows"] = rows;
    return fused;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    variable_list result;
    int64_t first = 0;
    for (int64_t rows : context->saved_data["rows"].toIntVector()) {
      result.push_back(grads[0]
                           .narrow(0, first, rows)
                           .to(at::kFloat, /*non_blocking=*/false,
                               /*copy=*/true));
      first += rows;
    }
    result.emplace_back();
    return result;
  }
};

class EmbedRowsFunction : public Function<EmbedRowsFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& master,
                            const at::Tensor& embedding, const at::Tensor& ids) {
    context->save_for_backward({ids});
    context->saved_data["vocab"] = master.size(0);
    return embedding.index_select(0, ids);
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const at::Tensor ids = context->get_saved_variables()[0];
    at::Tensor grad =
        at::zeros({context->saved_data["vocab"].toInt(), grads[0].size(1)}, at::kFloat);
    grad.index_add_(0, ids, grads[0].to(at::kFloat));
    return {grad, at::Tensor(), at::Tensor()};
  }
};

class LinearFunction : public Function<LinearFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& w,
                            const RowLadder* ladder) {
    context->save_for_backward({x, w});
    return BlockedLinear(x, w, *ladder);
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor grad = Dense(grads[0], saved[0]);
    at::Tensor grad_x, grad_w;
    if (context->needs_input_grad(0)) grad_x = Product(grad, saved[1]);
    if (context->needs_input_grad(1)) grad_w = Product(grad.t(), saved[0]);
    return {grad_x, grad_w, at::Tensor()};
  }
};

// Results of one pass of AddRmsNorm.
struct Normed {
  at::Tensor sum, normed, inverse_rms;
};
Normed RunAddRmsNorm(const at::Tensor& x, const at::Tensor& delta, const at::Tensor& weight,
                     double eps, bool keep_inverse_rms) {
  Normed result;
  result.normed = at::empty_like(x);
  result.sum = delta.defined() ? at::empty_like(x) : x;
  if (keep_inverse_rms) result.inverse_rms = at::empty({x.size(0)}, at::kFloat);
  AddRmsNorm(
      {.dtype = TypeOf(x),
       .rows = x.size(0),
       .width = x.size(1),
       .eps = static_cast<float>(eps),
       .x = x.const_data_ptr(),
       .delta = delta.defined() ? delta.const_data_ptr() : nullptr,
       .weight = weight.const_data_ptr(),
       .sum = delta.defined() ? result.sum.mutable_data_ptr() : nullptr,
       .normed = result.normed.mutable_data_ptr(),
       .inverse_rms = keep_inverse_rms ? result.inverse_rms.mutable_data_ptr<float>() : nullptr});
  return result;
}

class AddRmsNormFunction : public Function<AddRmsNormFunction> {
 public:
  static variable_list forward(AutogradContext* context, const at::Tensor& x,
                               const std::optional<at::Tensor>& delta, const at::Tensor& weight,
                               double eps) {
    const Normed result = RunAddRmsNorm(x, delta.value_or(at::Tensor()), weight, eps,
                                        /*keep_inverse_rms=*/true);
    context->save_for_backward({result.sum, weight, result.inverse_rms});
    context->saved_data["delta"] = delta.has_value();
    context->set_materialize_grads(false);
    if (!delta.has_value()) return {result.normed};
    return {result.sum, result.normed};
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const bool with_delta = context->saved_data["delta"].toBool();
    const at::Tensor grad_sum = with_delta ? grads[0] : at::Tensor();
    const at::Tensor grad_normed = with_delta ? grads[1] : grads[0];
    if (!grad_normed.defined()) {
      return {grad_sum, with_delta ? grad_sum : at::Tensor(), at::Tensor(), at::Tensor()};
    }
    const at::Tensor& sum = saved[0];
    const at::Tensor dense_normed = Dense(grad_normed, sum);
    const at::Tensor dense_sum = grad_sum.defined() ? Dense(grad_sum, sum) : at::Tensor();
    at::Tensor grad = at::empty_like(sum);
    at::Tensor grad_weight = at::empty({sum.size(1)}, at::kFloat);
    RmsNormBackward({.dtype = TypeOf(sum),
                     .rows = sum.size(0),
                     .width = sum.size(1),
                     .sum = sum.const_data_ptr(),
                     .weight = saved[1].const_data_ptr(),
                     .inverse_rms = saved[2].const_data_ptr<float>(),
                     .grad_normed = dense_normed.const_data_ptr(),
                     .grad_sum = dense_sum.defined() ? dense_sum.const_data_ptr() : nullptr,
                     .grad = grad.mutable_data_ptr(),
                     .grad_weight = grad_weight.mutable_data_ptr<float>()});
    return {grad, with_delta ? grad : at::Tensor(), grad_weight.to(saved[1].scalar_type()),
            at::Tensor()};
  }
};

at::Tensor RunSwiGlu(const at::Tensor& gate_up) {
  const int64_t width = gate_up.size(1) / 2;
  at::Tensor out = at::empty({gate_up.size(0), width}, gate_up.options());
  SwiGlu({.dtype = TypeOf(gate_up),
          .rows = gate_up.size(0),
          .width = width,
          .gate_up = gate_up.const_data_ptr(),
          .out = out.mutable_data_ptr()});
  return out;
}

class SwiGluFunction : public Function<SwiGluFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& gate_up) {
    context->save_for_backward({gate_up});
    return RunSwiGlu(gate_up);
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const at::Tensor gate_up = context->get_saved_variables()[0];
    const at::Tensor grad_out = Dense(grads[0], gate_up);
    at::Tensor grad = at::empty_like(gate_up);
    SwiGluBackward({.dtype = TypeOf(gate_up),
                    .rows = gate_up.size(0),
                    .width = gate_up.size(1) / 2,
                    .gate_up = gate_up.const_data_ptr(),
                    .grad_out = grad_out.const_data_ptr(),
                    .grad_gate_up = grad.mutable_data_ptr()});
    return {grad};
  }
};

// Lays keys and values out in blocks of their segments and attends; lse may be null.
at::Tensor RunAttention(const at::Tensor& qkv, const AttentionPlan& plan, float* lse) {
  const AttentionShape& shape = plan.shape;
  const int64_t block_bytes = shape.BlockBytes();
  int64_t blocks = 0;
  for (const AttentionSegment& segment : plan.segments) {
    blocks += (segment.rows + kKeyBlock - 1) / kKeyBlock;
  }
  at::Tensor storage = at::empty({blocks * block_bytes}, at::kByte);
  auto* next = reinterpret_cast<std::byte*>(storage.mutable_data_ptr());
  RotateRows({shape, qkv.data_ptr(), plan.positions, plan.rotary.get()});
  std::vector<AttentionRows> sequences;
  for (const AttentionSegment& segment : plan.segments) {
    AttentionRows& sequence = sequences.emplace_back();
    sequence.first_row = segment.first_row;
    sequence.rows = segment.rows;
    for (int64_t key = 0; key < segment.rows; key += kKeyBlock, next += block_bytes) {
      sequence.own.push_back(next);
    }
    StoreKeys(shape, qkv.const_data_ptr(), segment.first_row, segment.rows, sequence.own, 0);
    if (segment.prefix < 0) continue;
    const AttentionRows& prefix = sequences[static_cast<size_t>(segment.prefix)];
    sequence.prefix = prefix.own;
    sequence.prefix_keys = prefix.rows;
  }
  at::Tensor out = at::empty({qkv.size(0), shape.heads * shape.head_dim}, qkv.options());
  AttentionForward({shape, sequences, qkv.const_data_ptr(), out.mutable_data_ptr(), lse});
  return out;
}

class AttentionFunction : public Function<AttentionFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& qkv,
                            std::shared_ptr<const AttentionPlan> plan) {
    at::Tensor lse = at::empty({qkv.size(0), plan->shape.heads}, at::kFloat);
    at::Tensor out = RunAttention(qkv, *plan, lse.mutable_data_ptr<float>());
    context->save_for_backward({qkv, out, lse});
    context->saved_data["plan"] =
        at::IValue::make_capsule(c10::make_intrusive<PlanHolder>(std::move(plan)));
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const variable_list saved = context->get_saved_variables();
    const auto holder = context->saved_data["plan"].toCapsule();
    const AttentionPlan& plan = *c10::static_intrusive_pointer_cast<PlanHolder>(holder)->plan;
    const at::Tensor grad_out = Dense(grads[0], saved[1]);
    at::Tensor grad = at::empty_like(saved[0]);
    AttentionBackward({.shape = plan.shape,
                       .segments = plan.segments,
                       .qkv = saved[0].const_data_ptr(),
                       .out = saved[1].const_data_ptr(),
                       .grad_out = grad_out.const_data_ptr(),
                       .lse = saved[2].const_data_ptr<float>(),
                       .grad_qkv = grad.mutable_data_ptr(),
                       .positions = plan.positions,
                       .rotary = plan.rotary.get()});
    return {grad, at::Tensor()};
  }

 private:
  struct PlanHolder : torch::CustomClassHolder {
    explicit PlanHolder(std::shared_ptr<const AttentionPlan> held) : plan(std::move(held)) {}
    std::shared_ptr<const AttentionPlan> plan;
  };
};

bool Wants(const at::Tensor& tensor) { return tensor.defined() && tensor.requires_grad(); }

}  // namespace

at::Tensor FuseRounded(const std::vector<at::Tensor>& masters, DType dtype) {
  return FuseRoundedFunction::apply(at::TensorList(masters), dtype);
}

at::Tensor EmbedRows(const at::Tensor& embedding, const at::Tensor& master, const at::Tensor& ids) {
  if (!at::GradMode::is_enabled() || !Wants(master)) return embedding.index_select(0, ids);
  return EmbedRowsFunction::apply(master, embedding, ids);
}

at::Tensor Linear(const at::Tensor& x, const at::Tensor& w, const RowLadder& ladder) {
  if (!at::GradMode::is_enabled() || (!Wants(x) && !Wants(w))) return BlockedLinear(x, w, ladder);
  return LinearFunction::apply(x, w, &ladder);
}

std::pair<at::Tensor, at::Tensor> AddRmsNormed(const at::Tensor& x, const at::Tensor& delta,
                                               const at::Tensor& weight, double eps) {
  if (!at::GradMode::is_enabled() || (!Wants(x) && !Wants(delta) && !Wants(weight))) {
    const Normed result = RunAddRmsNorm(x, delta, weight, eps, /*keep_inverse_rms=*/false);
    return {result.sum, result.normed};
  }
  const auto given = delta.defined() ? std::optional(delta) : std::nullopt;
  const variable_list result = AddRmsNormFunction::apply(x, given, weight, eps);
  if (!delta.defined()) return {x, result[0]};
  return {result[0], result[1]};
}

at::Tensor SwiGlued(const at::Tensor& gate_up) {
  if (!at::GradMode::is_enabled() || !Wants(gate_up)) return RunSwiGlu(gate_up);
  return SwiGluFunction::apply(gate_up);
}

at::Tensor Attend(const at::Tensor& qkv, std::shared_ptr<const AttentionPlan> plan) {
  if (!at::GradMode::is_enabled() || !Wants(qkv)) return RunAttention(qkv, *plan, /*lse=*/nullptr);
  return AttentionFunction::apply(qkv, std::move(plan));
}

}  // namespace cohort
