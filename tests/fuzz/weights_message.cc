// Messages of learner and actors about weights, both directions.
#include "libs/weights/wire.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort;
  const Result<WeightsMessage> message = DecodeWeightsMessage(FuzzBytes(data, size));
  if (!message.ok()) {
    CheckOneLine(message.status());
    return 0;
  }
  const std::string bytes = EncodeWeightsMessage(*message);
  const Result<WeightsMessage> again = DecodeWeightsMessage(bytes);
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(EncodeWeightsMessage(*again) == bytes);
  return 0;
}
