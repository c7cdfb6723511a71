// Scored messages, reward worker to learner.
#include "tests/fuzz/task_body.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cohort::FuzzTaskBody(cohort::DecodeScored, cohort::FuzzBytes(data, size));
  return 0;
}
