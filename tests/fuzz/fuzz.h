// What the fuzz targets share.
//
// A target is one file that defines LLVMFuzzerTestOneInput for one decoder: whatever the bytes are,
// it may not crash, leak, hang or answer with more than one line, and what it accepts must survive
// being encoded and decoded again. The preset `fuzz` links a target with libFuzzer; every other
// build links it with replay.cc, which runs the committed corpus and a bounded number of mutations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "libs/base/status.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace cohort {

// A promise that the decoder broke: ends the process, so that the input is kept.
#define FUZZ_CHECK(condition)                                                              \
  do {                                                                                     \
    if (!(condition)) {                                                                    \
      std::fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                        \
    }                                                                                      \
  } while (false)

inline std::string_view FuzzBytes(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// A failure is told in one line.
inline void CheckOneLine(const Status& status) {
  FUZZ_CHECK(!status.ok());
  FUZZ_CHECK(!status.message().empty());
  FUZZ_CHECK(status.message().find('\n') == std::string::npos);
}

}  // namespace cohort
