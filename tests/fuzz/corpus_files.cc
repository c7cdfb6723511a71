// Files that the decoders read whole. Run in the root of the repository.
#include <fstream>
#include <iterator>

#include "libs/checkpoint/safetensors.h"
#include "libs/config/load.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/fuzz.h"
#include "tests/libs/config/sample_config.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

std::string Contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  FUZZ_CHECK(in.good());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void Configurations(const Corpus& corpus) {
  corpus.Seed("config_toml", "sample", ConfigToToml(SampleConfig()));
  corpus.Seed("config_toml", "demo", Contents("configs/demo.toml"));
  corpus.Seed("config_toml", "demo-zero", Contents("configs/demo-zero.toml"));
}

void Checkpoints(const Corpus& corpus) {
  const TestFolder folder;
  const std::string numbers(32, 'x');
  const auto bytes = std::as_bytes(std::span(numbers));
  const TensorView tensors[] = {{"a.weight", DType::kFloat32, {2, 3}, bytes.first(24)},
                                {"b.weight", DType::kBFloat16, {4}, bytes.last(8)}};
  const std::filesystem::path file = folder.path() / "model.safetensors";
  FUZZ_CHECK(WriteSafetensors(file, tensors).ok());
  corpus.Seed("safetensors", "two", Contents(file));
  FUZZ_CHECK(WriteSafetensors(file, {}, {}).ok());
  corpus.Seed("safetensors", "none", Contents(file));
  corpus.Seed("model_config", "tied", Contents("tests/libs/model/goldens/tied/config.json"));
  corpus.Seed("model_config", "plain", Contents("tests/libs/model/goldens/plain/config.json"));
}

void Tokenizers(const Corpus& corpus) {
  // The vocabularies of the tokenizer's own tests, those that are small.
  for (const char* name : {"characters", "pairs", "spaced", "split"}) {
    const std::string text =
        Contents(std::string("tests/libs/tokenizer/data/") + name + "/tokenizer.json");
    if (text.size() < 32'000) corpus.Seed("tokenizer_json", name, text);
  }
}

void PromptFiles(const Corpus& corpus) {
  corpus.Seed(
      "prompt_file", "prompts",
      "{\"prompt\": \"What is 3 + 4?\", \"answer\": 7, \"id\": \"sum-3-4\"}\n\n"
      "{\"messages\": [{\"role\": \"user\", \"content\": \"\\u00e9\"}], \"answer\": 0.10}\n");
  corpus.Seed("prompt_file", "demonstrations",
              "{\"prompt\": \"a\", \"completion\": \"b\"}\n"
              "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, "
              "{\"role\": \"assistant\", \"content\": \"b\"}]}\n");
  corpus.Seed("prompt_file", "bad", "{\"prompt\": 3}\n[]\n{\"answer\": -1e999, \"prompt\": \"x\"}");
}

}  // namespace

void SeedFiles(const Corpus& corpus) {
  Configurations(corpus);
  Checkpoints(corpus);
  Tokenizers(corpus);
  PromptFiles(corpus);
}

}  // namespace cohort
