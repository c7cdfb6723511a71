// Encodes or decodes what comes over standard input, for comparison with another tokenizer:
//
//   tokenizer_ids DIRECTORY encode   records of (length, UTF-8 bytes) → (count, ids …, dropped
//   bytes) tokenizer_ids DIRECTORY decode   records of (count, ids …)        → (length, UTF-8
//   bytes)
//
// Every number has 32 bits, in the machine's byte order.
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "libs/tokenizer/tokenizer.h"

namespace {

bool Read(void* data, size_t bytes) {
  return static_cast<bool>(std::cin.read(static_cast<char*>(data), bytes));
}

void Write(const void* data, size_t bytes) {
  std::cout.write(static_cast<const char*>(data), bytes);
}

void WriteNumber(size_t number) {
  const auto value = static_cast<uint32_t>(number);
  Write(&value, sizeof(value));
}

bool EncodeNext(const cohort::Tokenizer& tokenizer) {
  uint32_t length = 0;
  if (!Read(&length, sizeof(length))) return false;
  std::string text(length, '\0');
  if (!Read(text.data(), length)) return false;
  cohort::EncodeStats stats;
  const std::vector<int32_t> ids = tokenizer.Encode(text, &stats);
  WriteNumber(ids.size());
  Write(ids.data(), ids.size() * sizeof(int32_t));
  WriteNumber(stats.dropped_bytes);
  return true;
}

bool DecodeNext(const cohort::Tokenizer& tokenizer) {
  uint32_t count = 0;
  if (!Read(&count, sizeof(count))) return false;
  std::vector<int32_t> ids(count);
  if (!Read(ids.data(), count * sizeof(int32_t))) return false;
  const std::string text = tokenizer.Decode(ids, /*skip_special=*/count % 2 == 1);
  WriteNumber(text.size());
  Write(text.data(), text.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc == 3 ? argv[2] : "";
  if (mode != "encode" && mode != "decode") {
    std::cerr << "usage: tokenizer_ids DIRECTORY encode|decode\n";
    return 2;
  }
  std::ios::sync_with_stdio(false);
  const cohort::Result<cohort::Tokenizer> tokenizer = cohort::Tokenizer::Load(argv[1]);
  if (!tokenizer.ok()) {
    std::cerr << tokenizer.status().ToString() << "\n";
    return 1;
  }
  while (mode == "encode" ? EncodeNext(*tokenizer) : DecodeNext(*tokenizer)) {
  }
  return 0;
}
