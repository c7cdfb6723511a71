#include "reward_workers/swe/test_log.h"

#include <array>

#include "reward_workers/swe/log_text.h"
#include "reward_workers/swe/readers.h"

namespace cohort {
namespace {

struct Format {
  std::string_view name;
  LogFormat format;
  TestLog (*read)(std::string_view log);
};
constexpr std::array<Format, 6> kFormats = {{
    {"pytest", LogFormat::kPytest, ReadPytestLog},
    {"unittest", LogFormat::kUnittest, ReadUnittestLog},
    {"ctest", LogFormat::kCtest, ReadCtestLog},
    {"go", LogFormat::kGo, ReadGoLog},
    {"node", LogFormat::kNode, ReadNodeLog},
    {"cargo", LogFormat::kCargo, ReadCargoLog},
}};

int Badness(TestStatus status) {
  switch (status) {
    case TestStatus::kPassed:
      return 0;
    case TestStatus::kExpectedFailure:
      return 1;
    case TestStatus::kSkipped:
      return 2;
    case TestStatus::kUnexpectedPass:
      return 3;
    case TestStatus::kFailed:
      return 4;
    case TestStatus::kError:
      break;
  }
  return 5;
}

}  // namespace

TestStatus WorseOf(TestStatus a, TestStatus b) { return Badness(a) < Badness(b) ? b : a; }

std::string_view TestStatusName(TestStatus status) {
  constexpr std::array<std::string_view, 6> kNames = {
      "passed", "failed", "error", "skipped", "expected failure", "unexpected pass"};
  return kNames[static_cast<size_t>(status)];
}

Result<LogFormat> ParseLogFormat(std::string_view name) {
  for (const Format& format : kFormats) {
    if (format.name == name) return format.format;
  }
  return InvalidArgument("\"" + std::string(name) +
                         "\" is no format of test logs; use pytest, unittest, ctest, go, node or "
                         "cargo");
}

void TestLog::Add(std::string_view id, TestStatus status) {
  if (id.empty()) return;
  const auto [test, added] = tests.try_emplace(std::string(id), status);
  if (!added) test->second = WorseOf(test->second, status);
}

TestLog ReadTestLog(LogFormat format, std::string_view log) {
  const std::string plain = WithoutEscapes(log);
  return kFormats[static_cast<size_t>(format)].read(plain);
}

}  // namespace cohort
