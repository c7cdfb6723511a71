// The configuration: one TOML file.
#include "libs/config/load.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort;
  static InputFile file;
  const ConfigSources sources{{file.path()}, {}, /*environment=*/false};
  file.Write(FuzzBytes(data, size));
  const Result<Config> config = LoadConfig(sources);
  if (!config.ok()) {
    CheckOneLine(config.status());
    return 0;
  }
  static_cast<void>(ConfigProblems(*config));
  const std::string text = ConfigToToml(*config);
  file.Write(text);
  const Result<Config> again = LoadConfig(sources);
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(ConfigToToml(*again) == text);
  return 0;
}
