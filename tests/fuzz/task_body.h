// Bodies of tasks: what decodes is valid, and encodes to the same message again.
#pragma once

#include "libs/protocol/codec.h"
#include "tests/fuzz/fuzz.h"

namespace cohort {

template <typename T>
void FuzzTaskBody(Result<T> (*decode)(std::string_view), std::string_view bytes) {
  const Result<T> message = decode(bytes);
  if (!message.ok()) return CheckOneLine(message.status());
  FUZZ_CHECK(Validate(*message).ok());
  const Result<T> again = decode(Encode(*message));
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(*again == *message);
}

}  // namespace cohort
