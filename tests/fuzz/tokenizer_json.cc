// A Hugging Face tokenizer.json: read, made, and used on a text.
#include <filesystem>

#include "libs/tokenizer/tokenizer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input_file.h"
#include "tests/test_folder.h"

namespace {

// A folder whose tokenizer.json is the input.
struct Folder {
  cohort::InputFile file;
  cohort::TestFolder folder;
  Folder() { std::filesystem::create_symlink(file.path(), folder.path() / "tokenizer.json"); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort;
  static Folder input;
  input.file.Write(FuzzBytes(data, size));
  const Result<Tokenizer> tokenizer = Tokenizer::Load(input.folder.path());
  if (!tokenizer.ok()) {
    FUZZ_CHECK(!tokenizer.status().message().empty());
    return 0;
  }
  constexpr std::string_view kText = "What is 12 + 345?\n  <a> caf\xc3\xa9 \xff\xe2\x82";
  const std::vector<int32_t> ids = tokenizer->Encode(kText);
  for (const int32_t id : ids) FUZZ_CHECK(id >= 0 && id < tokenizer->vocabulary_size());
  static_cast<void>(tokenizer->Decode(ids, /*skip_special=*/true));
  return 0;
}
