// Rollout messages, actor to reward worker.
#include "tests/fuzz/task_body.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cohort::FuzzTaskBody(cohort::DecodeRollout, cohort::FuzzBytes(data, size));
  return 0;
}
