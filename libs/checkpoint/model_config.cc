#include "libs/checkpoint/model_config.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "libs/base/files.h"

namespace cohort {
namespace {

using Json = nlohmann::ordered_json;

// Reads one key after the other and keeps the first complaint.
class Reader {
 public:
  Reader(const Json& json, std::string_view where) : json_(json), where_(where) {}

  bool Has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }

  int64_t Integer(const char* key) {
    if (!Has(key)) return Complain<int64_t>(key, "is missing");
    return Integer(key, 0);
  }
  int64_t Integer(const char* key, int64_t otherwise) {
    if (!Has(key)) return otherwise;
    if (!json_[key].is_number_integer()) return Complain<int64_t>(key, "is not an integer");
    return json_[key].get<int64_t>();
  }
  double Number(const char* key, double otherwise) {
    if (!Has(key)) return otherwise;
    if (!json_[key].is_number()) return Complain<double>(key, "is not a number");
    return json_[key].get<double>();
  }
  bool Bool(const char* key, bool otherwise) {
    if (!Has(key)) return otherwise;
    if (!json_[key].is_boolean()) return Complain<bool>(key, "is not true or false");
    return json_[key].get<bool>();
  }
  std::string String(const char* key, std::string otherwise) {
    if (!Has(key)) return otherwise;
    if (!json_[key].is_string()) return Complain<std::string>(key, "is not a string");
    return json_[key].get<std::string>();
  }
  // One integer or a list of them.
  std::vector<int64_t> Integers(const char* key) {
    std::vector<int64_t> values;
    if (!Has(key)) return values;
    const Json list = json_[key].is_array() ? json_[key] : Json::array({json_[key]});
    for (const Json& value : list) {
      if (!value.is_number_integer()) return Complain<std::vector<int64_t>>(key, "is not integers");
      values.push_back(value.get<int64_t>());
    }
    return values;
  }

  template <typename T>
  T Complain(const char* key, const std::string& what) {
    if (status_.ok()) {
      status_ = InvalidArgument(std::string(where_) + ": \"" + key + "\" " + what);
    }
    return T{};
  }
  const Status& status() const { return status_; }

 private:
  const Json& json_;
  std::string_view where_;
  Status status_;
};

// transformers 4: rope_theta and rope_scaling; 5: rope_parameters {rope_type, rope_theta, …}.
double ReadRope(const Json& json, Reader& reader, std::string_view where) {
  double theta = reader.Number("rope_theta", 10000.0);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!reader.Has(key)) continue;
    const Json& nested = json[key];
    if (!nested.is_object()) return reader.Complain<double>(key, "is not an object");
    Reader inner(nested, where);
    const std::string type = inner.String("rope_type", inner.String("type", "default"));
    theta = inner.Number("rope_theta", theta);
    const double partial = inner.Number("partial_rotary_factor", 1.0);
    if (!inner.status().ok()) return reader.Complain<double>(key, "has a value of the wrong type");
    if (type != "default") {
      return reader.Complain<double>(
          key, "asks for RoPE of type \"" + type + "\"; only \"default\" is supported");
    }
    if (partial != 1.0) return reader.Complain<double>(key, "asks for a partial rotation");
  }
  return theta;
}

void RefuseUnsupported(Reader& reader) {
  const std::string type = reader.String("model_type", "");
  if (type != "llama") {
    reader.Complain<int>("model_type", "is \"" + type + "\"; only \"llama\" is supported");
  }
  const std::string activation = reader.String("hidden_act", "silu");
  if (activation != "silu") {
    reader.Complain<int>("hidden_act", "is \"" + activation + "\"; only \"silu\" is supported");
  }
  for (const char* key : {"attention_bias", "mlp_bias"}) {
    if (reader.Bool(key, false)) reader.Complain<int>(key, "is true; biases are not supported");
  }
  if (reader.Has("quantization_config")) {
    reader.Complain<int>("quantization_config", "is set; quantised weights are not supported");
  }
}

}  // namespace

std::vector<std::pair<std::string, std::vector<int64_t>>> ModelConfig::Weights() const {
  std::vector<std::pair<std::string, std::vector<int64_t>>> weights;
  const int64_t query_width = heads * head_dim;
  const int64_t key_width = kv_heads * head_dim;
  weights.push_back({"model.embed_tokens.weight", {vocab_size, hidden_size}});
  for (int64_t layer = 0; layer < layers; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    const auto add = [&](const char* name, std::vector<int64_t> shape) {
      weights.push_back({prefix + name + ".weight", std::move(shape)});
    };
    add("input_layernorm", {hidden_size});
    add("self_attn.q_proj", {query_width, hidden_size});
    add("self_attn.k_proj", {key_width, hidden_size});
    add("self_attn.v_proj", {key_width, hidden_size});
    add("self_attn.o_proj", {hidden_size, query_width});
    add("post_attention_layernorm", {hidden_size});
    add("mlp.gate_proj", {intermediate_size, hidden_size});
    add("mlp.up_proj", {intermediate_size, hidden_size});
    add("mlp.down_proj", {hidden_size, intermediate_size});
  }
  weights.push_back({"model.norm.weight", {hidden_size}});
  if (!tied_head) weights.push_back({"lm_head.weight", {vocab_size, hidden_size}});
  return weights;
}

int64_t ModelConfig::Parameters() const {
  const int64_t width = (2 * heads + 2 * kv_heads) * head_dim;
  const int64_t layer = hidden_size * (width + 3 * intermediate_size + 2);
  return vocab_size * hidden_size * (tied_head ? 1 : 2) + layers * layer + hidden_size;
}

Status CheckModelConfig(const ModelConfig& config, std::string_view where) {
  const auto fail = [&](const std::string& what) {
    return InvalidArgument(std::string(where) + ": " + what);
  };
  constexpr int64_t kMost = int64_t{1} << 24;
  const std::pair<const char*, int64_t> sizes[] = {
      {"vocab_size", config.vocab_size},
      {"hidden_size", config.hidden_size},
      {"intermediate_size", config.intermediate_size},
      {"num_hidden_layers", config.layers},
      {"num_attention_heads", config.heads},
      {"num_key_value_heads", config.kv_heads},
      {"head_dim", config.head_dim},
      {"max_position_embeddings", config.max_positions}};
  for (const auto& [key, size] : sizes) {
    if (size <= 0 || size > kMost) {
      return fail("\"" + std::string(key) + "\" is " + std::to_string(size) +
                  "; it must lie between 1 and " + std::to_string(kMost));
    }
  }
  if (config.heads % config.kv_heads != 0) {
    return fail("\"num_key_value_heads\" must divide \"num_attention_heads\"");
  }
  if (config.head_dim % 2 != 0) return fail("\"head_dim\" must be even");
  if (config.head_dim > 1024) return fail("\"head_dim\" must be at most 1024");
  if (!(config.rms_norm_eps > 0)) return fail("\"rms_norm_eps\" must be positive");
  if (!(config.rope_theta > 0) || !std::isfinite(config.rope_theta)) {
    return fail("\"rope_theta\" must be positive");
  }
  if (!(config.initializer_range >= 0)) return fail("\"initializer_range\" must not be negative");
  const auto outside = [&](int64_t token) { return token < -1 || token >= config.vocab_size; };
  if (outside(config.bos_token)) return fail("\"bos_token_id\" is outside the vocabulary");
  if (outside(config.pad_token)) return fail("\"pad_token_id\" is outside the vocabulary");
  for (int64_t token : config.eos_tokens) {
    if (token < 0 || outside(token)) return fail("\"eos_token_id\" is outside the vocabulary");
  }
  return {};
}

Result<ModelConfig> ParseModelConfig(std::string_view text, std::string_view where) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return InvalidArgument(std::string(where) + " is not a JSON object");
  Reader reader(json, where);
  RefuseUnsupported(reader);
  ModelConfig config;
  config.vocab_size = reader.Integer("vocab_size");
  config.hidden_size = reader.Integer("hidden_size");
  config.intermediate_size = reader.Integer("intermediate_size");
  config.layers = reader.Integer("num_hidden_layers");
  config.heads = reader.Integer("num_attention_heads");
  config.kv_heads = reader.Integer("num_key_value_heads", config.heads);
  config.head_dim =
      reader.Integer("head_dim", config.heads > 0 ? config.hidden_size / config.heads : 0);
  config.max_positions = reader.Integer("max_position_embeddings", 2048);
  config.rms_norm_eps = reader.Number("rms_norm_eps", 1e-6);
  config.rope_theta = ReadRope(json, reader, where);
  config.initializer_range = reader.Number("initializer_range", 0.02);
  config.tied_head = reader.Bool("tie_word_embeddings", false);
  config.bos_token = reader.Integer("bos_token_id", -1);
  config.pad_token = reader.Integer("pad_token_id", -1);
  config.eos_tokens = reader.Integers("eos_token_id");
  COHORT_RETURN_IF_ERROR(reader.status());
  COHORT_RETURN_IF_ERROR(CheckModelConfig(config, where));
  return config;
}

Result<ModelConfig> ReadModelConfig(const std::filesystem::path& config_json) {
  COHORT_ASSIGN_OR_RETURN(const std::string text, ReadFile(config_json));
  return ParseModelConfig(text, config_json.string());
}

std::string ModelConfigToJson(const ModelConfig& config, std::string_view dtype) {
  const auto token = [](int64_t id) { return id < 0 ? Json(nullptr) : Json(id); };
  Json eos = nullptr;
  if (config.eos_tokens.size() == 1) {
    eos = config.eos_tokens.front();
  } else if (!config.eos_tokens.empty()) {
    eos = config.eos_tokens;
  }
  const Json json = {
      {"architectures", {"LlamaForCausalLM"}},
      {"model_type", "llama"},
      {"vocab_size", config.vocab_size},
      {"hidden_size", config.hidden_size},
      {"intermediate_size", config.intermediate_size},
      {"num_hidden_layers", config.layers},
      {"num_attention_heads", config.heads},
      {"num_key_value_heads", config.kv_heads},
      {"head_dim", config.head_dim},
      {"max_position_embeddings", config.max_positions},
      {"hidden_act", "silu"},
      {"rms_norm_eps", config.rms_norm_eps},
      {"rope_theta", config.rope_theta},
      {"rope_parameters", {{"rope_type", "default"}, {"rope_theta", config.rope_theta}}},
      {"initializer_range", config.initializer_range},
      {"tie_word_embeddings", config.tied_head},
      {"attention_bias", false},
      {"attention_dropout", 0.0},
      {"mlp_bias", false},
      {"bos_token_id", token(config.bos_token)},
      {"eos_token_id", eos},
      {"pad_token_id", token(config.pad_token)},
      {"torch_dtype", dtype},
      {"dtype", dtype},
      {"use_cache", true},
  };
  return json.dump(2) + "\n";
}

}  // namespace cohort
