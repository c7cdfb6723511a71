#include "libs/checkpoint/hf_directory.h"

#include <nlohmann/json.hpp>
#include <set>

#include "libs/base/files.h"

namespace cohort {
namespace {

constexpr std::string_view kHead = "lm_head.weight";
constexpr std::string_view kTokenizerFiles[] = {"tokenizer.json",
                                                "tokenizer_config.json",
                                                "special_tokens_map.json",
                                                "generation_config.json",
                                                "chat_template.jinja",
                                                "vocab.json",
                                                "merges.txt"};

bool IsFloating(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kBFloat16 || dtype == DType::kFloat16;
}

// The files that hold the weights: one, or those that the index names.
Result<std::vector<std::filesystem::path>> WeightFiles(const std::filesystem::path& directory) {
  std::error_code error;
  const auto single = directory / "model.safetensors";
  if (std::filesystem::exists(single, error)) return std::vector{single};
  const auto index = directory / "model.safetensors.index.json";
  if (!std::filesystem::exists(index, error)) {
    return NotFound(directory.string() +
                    " holds neither model.safetensors nor model.safetensors.index.json");
  }
  COHORT_ASSIGN_OR_RETURN(const std::string text, ReadFile(index));
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    return DataLoss(index.string() + " is not a JSON object with a \"weight_map\"");
  }
  std::set<std::string> names;
  for (const auto& [weight, file] : json["weight_map"].items()) {
    if (!file.is_string()) return DataLoss(index.string() + ": \"" + weight + "\" names no file");
    const std::string name = file.get<std::string>();
    if (std::filesystem::path(name).filename() != name) {
      return DataLoss(index.string() + ": shard \"" + name + "\" is not a plain file name");
    }
    names.insert(name);
  }
  std::vector<std::filesystem::path> paths;
  for (const std::string& name : names) paths.push_back(directory / name);
  return paths;
}

}  // namespace

Result<HfDirectory> HfDirectory::Open(const std::filesystem::path& directory) {
  HfDirectory opened;
  opened.path_ = directory;
  COHORT_ASSIGN_OR_RETURN(opened.config_, ReadModelConfig(directory / "config.json"));
  COHORT_ASSIGN_OR_RETURN(const auto paths, WeightFiles(directory));
  std::map<std::string, TensorView, std::less<>> found;
  for (const auto& path : paths) {
    COHORT_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::Open(path));
    for (const TensorView& tensor : file.tensors()) {
      if (!found.emplace(tensor.name, tensor).second) {
        return DataLoss(path.string() + ": tensor \"" + tensor.name + "\" is in another shard too");
      }
    }
    opened.files_.push_back(std::move(file));
  }
  for (const auto& [name, shape] : opened.config_.Weights()) {
    const auto tensor = found.find(name);
    const std::string where = directory.string() + ": tensor \"" + name + "\"";
    if (tensor == found.end()) return DataLoss(where + " is missing from the weights");
    if (tensor->second.shape != shape) {
      return DataLoss(where + " has shape " + ShapeToString(tensor->second.shape) +
                      ", config.json says " + ShapeToString(shape));
    }
    if (!IsFloating(tensor->second.dtype)) {
      return DataLoss(where + " has dtype " + std::string(DTypeName(tensor->second.dtype)) +
                      "; weights must be F32, BF16 or F16");
    }
    opened.tensors_.insert(found.extract(tensor));
  }
  for (const auto& [name, tensor] : found) {
    if (name.ends_with("rotary_emb.inv_freq")) continue;
    if (name == kHead && opened.config_.tied_head) continue;
    return DataLoss(directory.string() + ": tensor \"" + name +
                    "\" is not part of the model that config.json describes");
  }
  return opened;
}

Result<TensorView> HfDirectory::Find(std::string_view name) const {
  const auto tensor = tensors_.find(name);
  if (tensor == tensors_.end()) {
    return NotFound(path_.string() + " has no weight \"" + std::string(name) + "\"");
  }
  return tensor->second;
}

Status WriteHfDirectory(const std::filesystem::path& directory, const ModelConfig& config,
                        std::span<const TensorView> weights,
                        const std::filesystem::path& tokenizer_source) {
  COHORT_RETURN_IF_ERROR(MakeDirectories(directory));
  const bool rounded = !weights.empty() && weights.front().dtype == DType::kBFloat16;
  COHORT_RETURN_IF_ERROR(WriteSafetensors(directory / "model.safetensors", weights));
  COHORT_RETURN_IF_ERROR(WriteFileAtomically(
      directory / "config.json", ModelConfigToJson(config, rounded ? "bfloat16" : "float32")));
  if (tokenizer_source.empty()) return {};
  for (std::string_view name : kTokenizerFiles) {
    std::error_code error;
    if (!std::filesystem::exists(tokenizer_source / name, error)) continue;
    COHORT_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(tokenizer_source / name));
    COHORT_RETURN_IF_ERROR(WriteFileAtomically(directory / name, bytes));
  }
  return {};
}

}  // namespace cohort
