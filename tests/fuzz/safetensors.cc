// Weights from disk: header and layout of a safetensors file.
#include "libs/checkpoint/safetensors.h"

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort;
  static InputFile file;
  file.Write(FuzzBytes(data, size));
  const Result<SafetensorsFile> opened = SafetensorsFile::Open(file.path());
  if (!opened.ok()) {
    CheckOneLine(opened.status());
    return 0;
  }
  // Every byte that is handed out can be read, and belongs to one tensor.
  size_t bytes = 0;
  unsigned sum = 0;
  for (const TensorView& tensor : opened->tensors()) {
    bytes += tensor.bytes.size();
    for (const std::byte each : tensor.bytes) sum += std::to_integer<unsigned>(each);
    FUZZ_CHECK(opened->Find(tensor.name).ok());
  }
  FUZZ_CHECK(bytes <= size);
  FUZZ_CHECK(sum <= 255 * bytes);
  return 0;
}
