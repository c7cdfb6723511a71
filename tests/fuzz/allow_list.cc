// The list of keys that may connect. What is read must be written and read again as the same.
#include "libs/messaging/allow_list.h"

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort;
  const Result<std::vector<AllowedKey>> keys = ParseAllowList(FuzzBytes(data, size), "allowed");
  if (!keys.ok()) {
    FUZZ_CHECK(keys.status().message().find('\n') == std::string::npos);
    return 0;
  }
  const Result<std::vector<AllowedKey>> again = ParseAllowList(AllowListText(*keys), "allowed");
  FUZZ_CHECK(again.ok() && *again == *keys);
  return 0;
}
