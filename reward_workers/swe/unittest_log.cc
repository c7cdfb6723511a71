// "test_wrong (test_calc.Calc.test_wrong) ... FAIL"; a test with a description has its name on a
// line of its own, and the description takes its place in the next. Then, of each failure, a bar of
// "=", "FAIL: " with its name, and a traceback; at last "Ran 12 tests in 0.001s" and "OK" or
// "FAILED (failures=3, errors=3)".
#include <array>

#include "reward_workers/swe/log_text.h"
#include "reward_workers/swe/pending_test.h"
#include "reward_workers/swe/readers.h"

namespace cohort {
namespace {

constexpr std::string_view kDots = " ... ";

std::optional<TestStatus> StatusOf(std::string_view word) {
  if (word == "ok") return TestStatus::kPassed;
  if (word == "FAIL") return TestStatus::kFailed;
  if (word == "ERROR") return TestStatus::kError;
  if (word == "expected failure") return TestStatus::kExpectedFailure;
  if (word == "unexpected success") return TestStatus::kUnexpectedPass;
  if (word.starts_with("skipped '") || word.starts_with("skipped \"") || word == "skipped") {
    return TestStatus::kSkipped;
  }
  return std::nullopt;
}

// "test_wrong (test_calc.Calc.test_wrong)" in front of a text, empty where there is none.
std::string_view NameAt(std::string_view text) {
  const size_t blank = text.find(' ');
  if (blank == 0 || blank == std::string_view::npos) return {};
  if (blank + 1 >= text.size() || text[blank + 1] != '(') return {};
  const size_t end = text.find_first_of(" )", blank + 1);
  if (end == std::string_view::npos || text[end] != ')' || end == blank + 2) return {};
  return text.substr(0, end + 1);
}

// A description and a status; descriptions may have dots themselves.
struct Described {
  std::string_view text;
  TestStatus status = TestStatus::kPassed;
};
std::optional<Described> ReadDescribed(std::string_view line) {
  const size_t dots = line.rfind(kDots);
  if (dots == std::string_view::npos) return std::nullopt;
  if (const auto status = StatusOf(line.substr(dots + kDots.size()))) {
    return Described{line.substr(0, dots), *status};
  }
  const size_t skipped = line.find(" ... skipped ");  // with dots in its reason
  if (skipped == std::string_view::npos) return std::nullopt;
  const auto status = StatusOf(line.substr(skipped + kDots.size()));
  if (!status) return std::nullopt;
  return Described{line.substr(0, skipped), *status};
}

// "FAILED (failures=3, errors=3, skipped=1)", "OK", "OK (skipped=1)", "NO TESTS RAN".
struct Ending {
  uint64_t failed = 0;
};
std::optional<Ending> ReadEnding(std::string_view line) {
  Ending ending;
  if (line == "OK" || line == "NO TESTS RAN") return ending;
  if (!line.ends_with(')')) return std::nullopt;
  if (line.starts_with("OK (")) return ending;
  if (!Take(line, "FAILED (")) return std::nullopt;
  constexpr std::array<std::string_view, 3> kFailures = {
      "failures=", "errors=", "unexpected successes="};
  while (!line.empty()) {
    for (const std::string_view key : kFailures) {
      if (!Take(line, key)) continue;
      const std::optional<uint64_t> count = TakeNumber(line);
      if (!count) return std::nullopt;
      ending.failed += *count;
    }
    const size_t comma = line.find(", ");
    if (comma == std::string_view::npos) break;
    line.remove_prefix(comma + 2);
  }
  return ending;
}

bool IsBar(std::string_view line, char c) {
  constexpr size_t kBar = 70;
  return line.size() == kBar && line.find_first_not_of(c) == std::string_view::npos;
}

class Reader {
 public:
  void Read(std::string_view line) {
    if (IsBar(line, '=')) {
      pending_.Leave();
      described_ = {};
      details_ = true;
      header_ = true;
      return;
    }
    if (header_) {
      header_ = false;
      ReadHeader(line);
    } else if (line.starts_with("Ran ") && Contains(line, " test")) {
      pending_.Leave();
      ran_ = true;
      log_.finished = false;
      log_.failed.reset();
    } else if (const auto ending = ran_ ? ReadEnding(line) : std::nullopt) {
      log_.finished = true;
      log_.failed = ending->failed;
      ran_ = false;
    } else if (!details_) {
      ReadProgress(line);
    }
  }

  TestLog Finish() {
    pending_.Leave();
    return std::move(log_);
  }

 private:
  void ReadHeader(std::string_view line) {
    TestStatus status = TestStatus::kFailed;
    if (Take(line, "ERROR: ")) {
      status = TestStatus::kError;
    } else if (Take(line, "UNEXPECTED SUCCESS: ")) {
      status = TestStatus::kUnexpectedPass;
    } else if (!Take(line, "FAIL: ")) {
      return;
    }
    const std::string_view name = NameAt(line);
    log_.Add(name.empty() ? line : name, status);
  }

  void ReadProgress(std::string_view line) {
    const std::string_view described = std::exchange(described_, {});
    std::string_view rest = line;
    const bool part = Take(rest, "  ");  // a subtest, under its test
    if (const std::string_view name = NameAt(rest); !name.empty()) {
      rest.remove_prefix(name.size());
      if (rest.empty()) {
        if (!pending_.open()) described_ = name;
        return;
      }
      const auto status = ReadDescribed(rest);
      if (part) {  // it failed, or was skipped; its test says nothing more then
        if (!status) return;
        if (pending_.open() && pending_.name() == name) {
          pending_.End(status->status);
        } else {
          pending_.Add(name, status->status);
        }
      } else if (Take(rest, kDots)) {
        if (const auto whole = StatusOf(rest)) {
          pending_.Add(name, *whole);
        } else {
          pending_.Begin(name);
        }
      }
      return;
    }
    if (const auto status = StatusOf(line)) {
      pending_.End(*status);
    } else if (const auto found = ReadDescribed(line)) {
      pending_.Add(found->text, found->status);
      if (!described.empty()) pending_.Add(described, found->status);
    } else if (!described.empty() && Contains(line, kDots)) {
      pending_.Begin(described);
    }
  }

  TestLog log_;
  PendingTest pending_{&log_};
  std::string_view described_;  // a name whose description comes in the next line
  bool details_ = false;        // behind the first bar: tracebacks
  bool header_ = false;         // behind a bar
  bool ran_ = false;            // behind "Ran …"
};

}  // namespace

TestLog ReadUnittestLog(std::string_view text) {
  Reader reader;
  LogLines lines(text);
  while (const std::optional<std::string_view> line = lines.Next()) reader.Read(*line);
  return reader.Finish();
}

}  // namespace cohort
