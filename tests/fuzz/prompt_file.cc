// Rows of prompts and of demonstrations.
#include "libs/run/prompt_file.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort;
  static InputFile file;
  file.Write(FuzzBytes(data, size));
  std::vector<std::string> problems;
  const std::vector<PromptRow> prompts = ReadPromptFile(file.path(), problems);
  for (size_t i = 0; i < prompts.size(); ++i) {
    FUZZ_CHECK(prompts[i].row == i && prompts[i].line > 0 && !prompts[i].messages.empty());
  }
  FUZZ_CHECK(!prompts.empty() || !problems.empty());
  for (const Demonstration& row : ReadDemonstrationFile(file.path(), problems)) {
    FUZZ_CHECK(!row.messages.empty() && !row.completion.empty());
  }
  return 0;
}
