#include "libs/model/master_weights.h"

#include <ATen/ATen.h>

#include <cstdlib>
#include <cstring>

#include "libs/base/logging.h"
#include "libs/base/rng.h"
#include "libs/model/torch_types.h"

namespace cohort {
namespace {

Status CopyFromDirectory(const HfDirectory& directory, const std::string& name,
                         const at::Tensor& to) {
  COHORT_ASSIGN_OR_RETURN(const TensorView view, directory.Find(name));
  at::Tensor raw = at::empty(view.shape, ToScalarType(view.dtype));
  std::memcpy(raw.mutable_data_ptr(), view.bytes.data(), view.bytes.size());
  to.copy_(raw);
  return {};
}

}  // namespace

MasterWeights::MasterWeights(const ModelConfig& config) : config_(config) {
  for (const auto& [name, shape] : config.Weights()) {
    tensors_.emplace_back(name, at::empty(shape, at::kFloat));
  }
}

Result<MasterWeights> MasterWeights::Load(const HfDirectory& directory) {
  MasterWeights masters(directory.config());
  COHORT_RETURN_IF_ERROR(masters.CopyFrom(directory));
  for (auto& [name, tensor] : masters.tensors_) tensor.set_requires_grad(true);
  return masters;
}

MasterWeights MasterWeights::Random(const ModelConfig& config, uint64_t seed) {
  MasterWeights masters(config);
  uint64_t index = 0;
  for (auto& [name, tensor] : masters.tensors_) {
    Rng rng(RandomAt({seed, index++}));
    auto* values = tensor.mutable_data_ptr<float>();
    const bool is_norm = tensor.dim() == 1;
    for (int64_t i = 0; i < tensor.numel(); ++i) {
      values[i] = is_norm ? 1.0f : static_cast<float>(rng.Normal() * config.initializer_range);
    }
    tensor.set_requires_grad(true);
  }
  return masters;
}

const at::Tensor& MasterWeights::Get(std::string_view name) const {
  for (const auto& [known, tensor] : tensors_) {
    if (known == name) return tensor;
  }
  LogError("no such weight", {{"name", name}});
  std::abort();
}

MasterWeights MasterWeights::Frozen() const {
  MasterWeights copy(config_);
  const Status status = copy.CopyFrom(*this);
  if (!status.ok()) std::abort();
  return copy;
}

Status MasterWeights::CopyFrom(const MasterWeights& other) {
  if (other.config_.Weights() != config_.Weights()) {
    return InvalidArgument("cannot copy the weights of a model of another shape");
  }
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < tensors_.size(); ++i) tensors_[i].second.copy_(other.tensors_[i].second);
  return {};
}

Status MasterWeights::CopyFrom(const HfDirectory& directory) {
  if (directory.config().Weights() != config_.Weights()) {
    return InvalidArgument(directory.path().string() + " holds a model of another shape");
  }
  const at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : tensors_) {
    COHORT_RETURN_IF_ERROR(CopyFromDirectory(directory, name, tensor));
  }
  return {};
}

std::vector<TensorView> MasterWeights::Views() const {
  std::vector<TensorView> views;
  for (const auto& [name, tensor] : tensors_) {
    const auto* data = static_cast<const std::byte*>(tensor.const_data_ptr());
    views.push_back({name, DType::kFloat32, tensor.sizes().vec(), {data, tensor.nbytes()}});
  }
  return views;
}

WeightsBuffer MasterWeights::ToBuffer(DType dtype) const {
  const at::NoGradGuard no_grad;
  WeightsBuffer buffer;
  buffer.manifest = ManifestFor(config_, dtype);
  std::shared_ptr<std::byte[]> data = AllocateWeights(buffer.manifest.total_bytes);
  if (data == nullptr) throw std::bad_alloc();
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const TensorEntry& entry = buffer.manifest.tensors[i];
    at::from_blob(data.get() + entry.offset, entry.shape, ToScalarType(dtype))
        .copy_(tensors_[i].second);
  }
  buffer.data = std::move(data);
  return buffer;
}

}  // namespace cohort
