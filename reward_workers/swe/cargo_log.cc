// For each binary "running 7 tests", "test tests::wrong ... FAILED", the output of what failed
// under "failures:", the names of what failed under a second "failures:", and "test result: FAILED.
// 3 passed; 2 failed; …".
#include <array>
#include <vector>

#include "reward_workers/swe/log_text.h"
#include "reward_workers/swe/pending_test.h"
#include "reward_workers/swe/readers.h"

namespace cohort {
namespace {

std::optional<TestStatus> StatusOf(std::string_view word) {
  if (word == "ok") return TestStatus::kPassed;
  if (word == "FAILED") return TestStatus::kFailed;
  if (word == "ignored" || word.starts_with("ignored, ")) return TestStatus::kSkipped;
  return std::nullopt;
}

std::string_view NameOf(std::string_view shown) {
  constexpr std::array<std::string_view, 3> kModes = {" - should panic", " - compile fail",
                                                      " - compile"};
  for (const std::string_view mode : kModes) {
    if (TakeEnd(shown, mode)) break;
  }
  return shown;
}

enum class Part { kTests, kOutput, kNames };

struct Counts {
  uint64_t passed = 0;
  uint64_t failed = 0;
};

struct Binary {
  Part part = Part::kTests;
  std::vector<std::string_view> failed;  // names
  std::optional<Counts> result;          // the last one: what tests print comes before it
};

class Reader {
 public:
  void Read(std::string_view line) {
    if (IsStart(line)) {
      EndBinary();
      binary_.emplace();
    } else if (!binary_) {
      return;
    } else if (Take(line, "test result: ")) {
      ReadResult(line);
    } else if (line == "failures:") {
      pending_.Leave();
      binary_->part = binary_->part == Part::kTests ? Part::kOutput : Part::kNames;
      binary_->failed.clear();
    } else if (binary_->part == Part::kTests) {
      ReadTest(line);
    } else if (Take(line, "    ")) {
      binary_->failed.push_back(line);
    }
  }

  TestLog Finish() {
    EndBinary();
    log_.finished = binary_ && !unfinished_;
    if (log_.finished) {
      log_.passed = counts_.passed;
      log_.failed = counts_.failed;
    }
    return std::move(log_);
  }

 private:
  static bool IsStart(std::string_view line) {
    return Take(line, "running ") && TakeNumber(line) && (line == " tests" || line == " test");
  }

  void ReadTest(std::string_view line) {
    constexpr std::string_view kDots = " ... ";
    const size_t dots = line.find(kDots);
    if (std::string_view shown = line.substr(0, dots);
        dots != std::string_view::npos && Take(shown, "test ")) {
      const std::string_view how = line.substr(dots + kDots.size());
      if (const auto status = StatusOf(how)) {
        pending_.Add(NameOf(shown), *status);
      } else if (!how.starts_with("bench:")) {
        pending_.Begin(NameOf(shown));  // what it prints is not captured
      }
    } else if (const auto status = StatusOf(line)) {
      pending_.End(*status);
    }
  }

  void ReadResult(std::string_view line) {
    if (!Take(line, "ok. ") && !Take(line, "FAILED. ")) return;
    const std::optional<uint64_t> passed = TakeNumber(line);
    if (!passed || !Take(line, " passed; ")) return;
    const std::optional<uint64_t> failed = TakeNumber(line);
    if (!failed || !Take(line, " failed")) return;
    binary_->result = {*passed, *failed};
    if (binary_->part != Part::kNames) return;
    for (const std::string_view name : binary_->failed) log_.Add(name, TestStatus::kFailed);
  }

  void EndBinary() {
    pending_.Leave();
    if (!binary_) return;
    if (binary_->result) {
      counts_.passed += binary_->result->passed;
      counts_.failed += binary_->result->failed;
    } else {
      unfinished_ = true;
    }
  }

  TestLog log_;
  PendingTest pending_{&log_};
  Counts counts_;  // of the binaries before this one
  bool unfinished_ = false;
  std::optional<Binary> binary_;
};

}  // namespace

TestLog ReadCargoLog(std::string_view text) {
  Reader reader;
  LogLines lines(text);
  while (const std::optional<std::string_view> line = lines.Next()) reader.Read(*line);
  return reader.Finish();
}

}  // namespace cohort
