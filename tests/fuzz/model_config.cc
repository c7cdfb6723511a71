// A Hugging Face config.json.
#include "libs/checkpoint/model_config.h"

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort;
  const Result<ModelConfig> config = ParseModelConfig(FuzzBytes(data, size), "config.json");
  if (!config.ok()) {
    FUZZ_CHECK(!config.status().message().empty());
    return 0;
  }
  const Result<ModelConfig> again =
      ParseModelConfig(ModelConfigToJson(*config, "float32"), "config.json");
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(*again == *config);
  return 0;
}
