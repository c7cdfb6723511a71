// A byte that chooses the format, and the log of a test suite. Reading takes anything.
#include "reward_workers/swe/test_log.h"

#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cohort;
  if (size == 0) return 0;
  constexpr size_t kFormats = 6;
  const auto format = static_cast<LogFormat>(data[0] % kFormats);
  const std::string_view text = FuzzBytes(data + 1, size - 1);
  const TestLog log = ReadTestLog(format, text);
  size_t bytes = 0;
  for (const auto& [id, status] : log.tests) {
    FUZZ_CHECK(!id.empty());
    FUZZ_CHECK(id.find('\n') == std::string::npos);
    bytes += id.size();
  }
  FUZZ_CHECK(bytes <= 6 * size);
  FUZZ_CHECK(!log.passed || log.finished);
  FUZZ_CHECK(!log.failed || log.finished);
  // What is read of a log holds, or gets worse, when more of it comes.
  const TestLog twice = ReadTestLog(format, std::string(text) + "\n" + std::string(text));
  for (const auto& [id, status] : log.tests) {
    const auto again = twice.tests.find(id);
    if (again == twice.tests.end() || status == TestStatus::kPassed) continue;
    FUZZ_CHECK(again->second != TestStatus::kPassed);
  }
  return 0;
}
