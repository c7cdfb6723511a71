// " 2/11 Test  #2: wrong ......***Failed    0.02 sec", and behind the last of them "50% tests
// passed, 5 tests failed out of 10" and the list of those that failed. In -V a test's output has
// its number in front of each line; in --output-on-failure it looks like ctest's own.
#include "libs/scoring/thinking.h"
#include "reward_workers/swe/log_text.h"
#include "reward_workers/swe/readers.h"

namespace cohort {
namespace {

// "Failed", "Timeout", "Exception: SegFault", "Not Run (Disabled)": as ctest names how a test
// ended.
TestStatus StatusOf(std::string_view how) {
  if (how.starts_with("Skipped") || how.starts_with("Not Run (Disabled)")) {
    return TestStatus::kSkipped;
  }
  if (how.starts_with("Failed") || how.starts_with("Timeout")) return TestStatus::kFailed;
  return TestStatus::kError;
}

void ReadResult(std::string_view line, TestLog& log) {
  line = Trimmed(line);
  if (!TakeNumber(line) || !Take(line, "/") || !TakeNumber(line) || !Take(line, " Test")) return;
  line = Trimmed(line);
  if (!Take(line, "#") || !TakeNumber(line) || !Take(line, ": ")) return;
  if (!TakeEnd(line, " sec")) return;
  TestStatus status = TestStatus::kPassed;
  size_t end = line.rfind(".   Passed ");
  if (end == std::string_view::npos) {
    constexpr std::string_view kMark = ".***";
    end = line.rfind(kMark);
    if (end == std::string_view::npos) return;
    status = StatusOf(line.substr(end + kMark.size()));
  }
  std::string_view name = line.substr(0, line.find_last_not_of('.', end) + 1);
  if (TakeEnd(name, " ")) log.Add(name, status);
}

// "\t  2 - wrong (Failed)", perhaps with labels behind it.
bool ReadListed(std::string_view line, TestLog& log) {
  if (!Take(line, "\t")) return false;
  line = Trimmed(line);
  if (!TakeNumber(line) || !Take(line, " - ")) return false;
  const size_t how = line.rfind(" (");
  if (how == std::string_view::npos) return false;
  const std::string_view ended = line.substr(how + 2);
  log.Add(line.substr(0, how), ended.starts_with("Failed") || ended.starts_with("Timeout")
                                   ? TestStatus::kFailed
                                   : TestStatus::kError);
  return true;
}

struct Counts {
  uint64_t failed = 0;
  uint64_t all = 0;
};

std::optional<Counts> ReadCounts(std::string_view line) {
  if (!TakeNumber(line) || !Take(line, "% tests passed, ")) return std::nullopt;
  const std::optional<uint64_t> failed = TakeNumber(line);
  if (!failed || !(Take(line, " tests failed out of ") || Take(line, " test failed out of "))) {
    return std::nullopt;
  }
  const std::optional<uint64_t> all = TakeNumber(line);
  if (!all || *failed > *all) return std::nullopt;
  return Counts{*failed, *all};
}

}  // namespace

TestLog ReadCtestLog(std::string_view text) {
  TestLog log;
  std::optional<Counts> counts;
  bool in_list = false;
  LogLines lines(text);
  while (const std::optional<std::string_view> line = lines.Next()) {
    if (in_list && ReadListed(*line, log)) continue;
    in_list = *line == "The following tests FAILED:";
    ReadResult(*line, log);
    if (const std::optional<Counts> found = ReadCounts(*line)) counts = found;
    if (*line == "No tests were found!!!") log.finished = true;
    if (counts && line->starts_with("Total Test time (real)")) {
      log.finished = true;
      log.passed = counts->all - counts->failed;
      log.failed = counts->failed;
    }
  }
  return log;
}

}  // namespace cohort
