// What a checkpoint holds of a trainer.
#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "learner/trainer.h"
#include "libs/base/files.h"
#include "libs/checkpoint/hf_directory.h"
#include "libs/checkpoint/safetensors.h"

namespace cohort {
namespace {

constexpr std::string_view kStateFolder = "training";
constexpr std::string_view kOptimizerFile = "optimizer.safetensors";
constexpr std::string_view kMastersFile = "masters.safetensors";
constexpr std::string_view kReferenceFile = "reference.safetensors";
constexpr std::string_view kFirstMoment = "first_moment.";
constexpr std::string_view kSecondMoment = "second_moment.";
constexpr const char* kStepsKey = "optimizer_steps";

std::span<const std::byte> BytesOf(const at::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
}

void AppendViews(const AdamW::NamedTensors& tensors, std::string_view prefix,
                 std::vector<TensorView>& views) {
  for (const auto& [name, tensor] : tensors) {
    views.push_back(
        {std::string(prefix) + name, DType::kFloat32, tensor.sizes().vec(), BytesOf(tensor)});
  }
}

std::vector<TensorView> ViewsOf(const WeightsBuffer& buffer) {
  std::vector<TensorView> views;
  for (const TensorEntry& entry : buffer.manifest.tensors) {
    views.push_back(
        {entry.name, entry.dtype, entry.shape, buffer.bytes().subspan(entry.offset, entry.bytes)});
  }
  return views;
}

Status CheckView(const TensorView& view, DType dtype, std::span<const int64_t> shape,
                 const std::filesystem::path& path) {
  if (view.dtype == dtype && std::ranges::equal(view.shape, shape)) return {};
  return InvalidArgument(path.string() + ": " + view.name + " is " +
                         std::string(DTypeName(view.dtype)) + " " + ShapeToString(view.shape) +
                         ", expected " + std::string(DTypeName(dtype)) + " " +
                         ShapeToString(shape) + "; resume with the run's own configuration");
}

Result<int64_t> StepsOf(const SafetensorsFile& file) {
  const auto found = file.metadata().find(kStepsKey);
  int64_t steps = -1;
  if (found != file.metadata().end()) {
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), steps);
    if (error != std::errc() || end != text.data() + text.size()) steps = -1;
  }
  if (steps < 0) {
    return DataLoss(file.path().string() + ": the metadata has no valid " + kStepsKey);
  }
  return steps;
}

// Views of `file` for tensors under `prefix`, in their order, all checked.
Result<std::vector<TensorView>> FindAll(const SafetensorsFile& file, std::string_view prefix,
                                        const AdamW::NamedTensors& tensors) {
  std::vector<TensorView> views;
  for (const auto& [name, tensor] : tensors) {
    COHORT_ASSIGN_OR_RETURN(TensorView view, file.Find(std::string(prefix) + name));
    COHORT_RETURN_IF_ERROR(CheckView(view, DType::kFloat32, tensor.sizes(), file.path()));
    views.push_back(std::move(view));
  }
  return views;
}

void Fill(const AdamW::NamedTensors& tensors, std::span<const TensorView> views) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    std::memcpy(tensors[i].second.data_ptr(), views[i].bytes.data(), views[i].bytes.size());
  }
}

Result<WeightsBuffer> ReadBuffer(const std::filesystem::path& path, const ModelConfig& config,
                                 DType dtype) {
  COHORT_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::Open(path));
  TensorManifest manifest = ManifestFor(config, dtype);
  std::shared_ptr<std::byte[]> memory = AllocateWeights(manifest.total_bytes);
  if (memory == nullptr) return ResourceExhausted(path.string() + ": no memory for the reference");
  for (const TensorEntry& entry : manifest.tensors) {
    COHORT_ASSIGN_OR_RETURN(const TensorView view, file.Find(entry.name));
    COHORT_RETURN_IF_ERROR(CheckView(view, dtype, entry.shape, path));
    std::memcpy(memory.get() + entry.offset, view.bytes.data(), entry.bytes);
  }
  return WeightsBuffer{std::move(manifest), std::move(memory)};
}

}  // namespace

Status Trainer::SaveState(const std::filesystem::path& directory,
                          const std::filesystem::path& tokenizer_source) const {
  const WeightsBuffer policy = Publication();
  COHORT_RETURN_IF_ERROR(
      WriteHfDirectory(directory, masters_.config(), ViewsOf(policy), tokenizer_source));
  const std::filesystem::path state = directory / kStateFolder;
  COHORT_RETURN_IF_ERROR(MakeDirectories(state));
  if (options_.compute_type != DType::kFloat32) {
    COHORT_RETURN_IF_ERROR(WriteSafetensors(state / kMastersFile, masters_.Views()));
  }
  std::vector<TensorView> moments;
  AppendViews(optimizer_.first_moments(), kFirstMoment, moments);
  AppendViews(optimizer_.second_moments(), kSecondMoment, moments);
  COHORT_RETURN_IF_ERROR(
      WriteSafetensors(state / kOptimizerFile, moments,
                       {{"format", "pt"}, {kStepsKey, std::to_string(optimizer_.steps())}}));
  if (HasReference()) {
    COHORT_RETURN_IF_ERROR(WriteSafetensors(state / kReferenceFile, ViewsOf(reference_buffer_)));
  }
  return SyncDirectory(state);
}

Result<MasterWeights> Trainer::LoadMasters(const std::filesystem::path& directory) {
  COHORT_ASSIGN_OR_RETURN(const HfDirectory policy, HfDirectory::Open(directory));
  COHORT_ASSIGN_OR_RETURN(MasterWeights masters, MasterWeights::Load(policy));
  const std::filesystem::path path = directory / kStateFolder / kMastersFile;
  if (!std::filesystem::exists(path)) return masters;
  COHORT_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::Open(path));
  COHORT_ASSIGN_OR_RETURN(const std::vector<TensorView> views,
                          FindAll(file, "", masters.tensors()));
  Fill(masters.tensors(), views);
  return masters;
}

Status Trainer::LoadState(const std::filesystem::path& directory) {
  const std::filesystem::path state = directory / kStateFolder;
  COHORT_ASSIGN_OR_RETURN(const MasterWeights masters, LoadMasters(directory));
  if (masters.config() != masters_.config()) {
    return InvalidArgument((directory / "config.json").string() +
                           ": another model than the one in training; resume with the run's own "
                           "configuration");
  }
  COHORT_ASSIGN_OR_RETURN(const SafetensorsFile moments,
                          SafetensorsFile::Open(state / kOptimizerFile));
  COHORT_ASSIGN_OR_RETURN(const int64_t steps, StepsOf(moments));
  COHORT_ASSIGN_OR_RETURN(const std::vector<TensorView> first,
                          FindAll(moments, kFirstMoment, optimizer_.first_moments()));
  COHORT_ASSIGN_OR_RETURN(const std::vector<TensorView> second,
                          FindAll(moments, kSecondMoment, optimizer_.second_moments()));
  WeightsBuffer reference;
  if (HasReference()) {
    COHORT_ASSIGN_OR_RETURN(
        reference, ReadBuffer(state / kReferenceFile, masters_.config(), options_.compute_type));
  }
  COHORT_RETURN_IF_ERROR(masters_.CopyFrom(masters));
  Fill(optimizer_.first_moments(), first);
  Fill(optimizer_.second_moments(), second);
  optimizer_.SetSteps(steps);
  return HasReference() ? SetReference(std::move(reference)) : Status();
}

}  // namespace cohort
