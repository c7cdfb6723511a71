// Prompt messages, learner to actor.
#include "tests/fuzz/task_body.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cohort::FuzzTaskBody(cohort::DecodePrompt, cohort::FuzzBytes(data, size));
  return 0;
}
