// With -v a line of each test while it runs, "path::name PASSED [ 10%]"; then sections with a
// heading in a bar of "=", in which a failure's traceback and what a test printed stand; at last
// the section "short test summary info", with -rA of all tests, and "= 3 failed, 189 passed
// in 1.40s =".
//
// What a test prints is in the sections, and cannot be told from a summary of its own there: the
// last summary is the suite's.
#include <array>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "reward_workers/swe/log_text.h"
#include "reward_workers/swe/readers.h"

namespace cohort {
namespace {

struct Word {
  std::string_view word;
  TestStatus status;
};
constexpr std::array<Word, 6> kWords = {{{"PASSED", TestStatus::kPassed},
                                         {"FAILED", TestStatus::kFailed},
                                         {"ERROR", TestStatus::kError},
                                         {"SKIPPED", TestStatus::kSkipped},
                                         {"XFAIL", TestStatus::kExpectedFailure},
                                         {"XPASS", TestStatus::kUnexpectedPass}}};

bool Succeeded(TestStatus status) {
  return status == TestStatus::kPassed || status == TestStatus::kExpectedFailure ||
         status == TestStatus::kUnexpectedPass;
}

// The text of a heading, "==== FAILURES ====" or, of one failure, "____ test_a ____".
std::optional<std::string_view> HeadingOf(std::string_view line) {
  if (line.empty() || (line.front() != '=' && line.front() != '_')) return std::nullopt;
  const size_t begin = line.find_first_not_of(line.front());
  if (begin == std::string_view::npos || line.back() != line.front()) return std::nullopt;
  std::string_view text = line.substr(begin, line.find_last_not_of(line.front()) + 1 - begin);
  if (!Take(text, " ") || !TakeEnd(text, " ")) return std::nullopt;
  return text;
}

struct Counts {
  uint64_t passed = 0;
  uint64_t failed = 0;
};

// "3 failed, 189 passed, 2 skipped in 1.40s (0:01:00)", "no tests ran in 0.01s".
std::optional<Counts> ReadCounts(std::string_view text) {
  Counts counts;
  if (!Take(text, "no tests ran")) {
    do {
      const std::optional<uint64_t> count = TakeNumber(text);
      if (!count || !Take(text, " ")) return std::nullopt;
      const std::string_view kind = text.substr(0, text.find_first_of(", "));
      text.remove_prefix(kind.size());
      if (kind.empty()) return std::nullopt;
      if (kind == "passed") counts.passed = *count;
      if (kind == "failed" || kind == "error" || kind == "errors") counts.failed += *count;
      Take(text, " passed");  // "2 subtests passed"
    } while (Take(text, ", "));
  }
  if (!Take(text, " in ") || !TakeSeconds(text)) return std::nullopt;
  if (!Take(text, "s") && !Take(text, " seconds")) return std::nullopt;
  if (!text.empty() && !(text.starts_with(" (") && text.ends_with(')'))) return std::nullopt;
  return counts;
}

// The id in front of a reason. Its parameters stand in brackets and may hold anything: an id that
// `known` has is preferred, then one whose brackets match.
std::string_view IdAt(std::string_view text, std::string_view reason,
                      const std::set<std::string_view>& known) {
  constexpr size_t kMostTries = 16;
  const size_t dash = text.find(reason);
  if (dash != std::string_view::npos && text.substr(0, dash).ends_with(".py")) {
    return text.substr(0, dash);  // a file that could not be read
  }
  const size_t colons = text.find("::");
  if (colons == std::string_view::npos) return text.substr(0, dash);
  const size_t bracket = text.find('[', colons);
  const size_t end = text.find(reason, colons);
  if (bracket == std::string_view::npos || end < bracket) return text.substr(0, end);
  size_t depth = 0, tries = 0, first = 0, balanced = 0;
  for (size_t i = bracket; i < text.size() && tries < kMostTries; ++i) {
    if (text[i] == '[') ++depth;
    if (text[i] != ']') continue;
    if (depth > 0) --depth;
    const std::string_view rest = text.substr(i + 1);
    if (!rest.empty() && !rest.starts_with(reason)) continue;
    if (known.contains(text.substr(0, i + 1))) return text.substr(0, i + 1);
    if (depth == 0 && balanced == 0) balanced = i + 1;
    if (first == 0) first = i + 1;
    ++tries;
  }
  if (balanced != 0) return text.substr(0, balanced);
  return first != 0 ? text.substr(0, first) : text.substr(0, end);
}

struct Line {
  std::string_view id;
  TestStatus status = TestStatus::kPassed;
};

// "path::name PASSED [ 10%]", "path::name SKIPPED (why) [ 10%]", and of several processes
// "[gw0] [ 10%] PASSED path::name".
std::optional<Line> ReadProgress(std::string_view line) {
  line = TrimmedRight(line);
  if (Take(line, "[gw")) {
    if (!TakeNumber(line) || !Take(line, "] ")) return std::nullopt;
    if (Take(line, "[")) {
      const size_t percent = line.find("%] ");
      if (percent == std::string_view::npos) return std::nullopt;
      line.remove_prefix(percent + 3);
    }
    for (const Word& word : kWords) {
      if (Take(line, word.word) && Take(line, " ")) return Line{line, word.status};
    }
    return std::nullopt;
  }
  if (line.ends_with("%]")) line = TrimmedRight(line.substr(0, line.rfind('[')));
  for (const Word& word : kWords) {
    std::string_view id = line;
    if (id.ends_with(')')) {
      const std::string reasoned = " " + std::string(word.word) + " (";
      const size_t at = id.find(reasoned);
      if (at == std::string_view::npos) continue;
      id = id.substr(0, at);
    } else if (!TakeEnd(id, word.word) || !TakeEnd(id, " ")) {
      continue;
    }
    if (!Contains(id, "::") || id.starts_with(' ')) return std::nullopt;
    return Line{id, word.status};
  }
  return std::nullopt;
}

class Reader {
 public:
  void Read(std::string_view line) {
    const std::optional<std::string_view> heading = HeadingOf(line);
    if (const std::optional<Counts> counts = ReadCounts(heading.value_or(line))) {
      counts_ = counts;
    } else if (heading) {
      for (const Line& found : summary_) Add(earlier_, found);
      summary_.clear();
      counts_.reset();
      if (*heading == "short test summary info") {
        part_ = Part::kSummary;
      } else if (*heading != "test session starts") {
        part_ = Part::kDetails;
      }
    } else if (part_ == Part::kSummary) {
      ReadSummary(line);
    } else if (part_ == Part::kProgress) {
      if (const std::optional<Line> found = ReadProgress(line)) {
        Add(progress_, *found);
        known_.insert(found->id);
      }
    }
  }

  TestLog Finish() {
    TestLog log;
    const bool lists_passed = AddSummary(log);
    for (const auto& [id, status] : progress_) {
      const bool listed = log.tests.contains(std::string(id));
      // With -rA all that passed are in the summary.
      if (!listed && Succeeded(status) && (lists_passed || (counts_ && counts_->passed == 0)))
        continue;
      log.Add(id, status);
    }
    log.finished = counts_.has_value();
    if (counts_) {
      log.passed = counts_->passed;
      log.failed = counts_->failed;
    }
    return log;
  }

 private:
  enum class Part { kProgress, kDetails, kSummary };
  using Statuses = std::map<std::string_view, TestStatus>;

  static void Add(Statuses& statuses, const Line& line) {
    const auto [test, added] = statuses.try_emplace(line.id, line.status);
    if (!added) test->second = WorseOf(test->second, line.status);
  }

  void ReadSummary(std::string_view line) {
    if (Take(line, "SUBFAIL")) {  // a part of a test, described before the test's id
      const size_t colons = line.find("::");
      if (colons == std::string_view::npos) return;
      const size_t blank = line.rfind(' ', colons);
      if (blank == std::string_view::npos) return;
      summary_.push_back({IdAt(line.substr(blank + 1), " - ", known_), TestStatus::kFailed});
      return;
    }
    for (const Word& word : kWords) {
      std::string_view rest = line;
      if (!Take(rest, word.word) || !Take(rest, " ")) continue;
      if (word.status == TestStatus::kSkipped) return;  // "[1] file:line: why"
      if (word.status == TestStatus::kUnexpectedPass) {
        rest = IdAt(rest, " ", known_);  // before pytest 8 without a dash
      } else if (word.status != TestStatus::kPassed) {
        rest = IdAt(rest, " - ", known_);
      }
      summary_.push_back({rest, word.status});
      return;
    }
  }

  // Whether it lists what passed.
  bool AddSummary(TestLog& log) const {
    uint64_t passed = 0;
    for (const Line& line : summary_) {
      // Messages of failures may have lines, and look like this too; what passed comes first.
      if (line.status == TestStatus::kPassed && counts_ && passed++ >= counts_->passed) continue;
      log.Add(line.id, line.status);
      if (const auto said = earlier_.find(line.id); said != earlier_.end()) {
        log.Add(line.id, said->second);
      }
    }
    return passed > 0;
  }

  Part part_ = Part::kProgress;
  Statuses progress_;
  std::set<std::string_view> known_;  // ids of progress
  std::vector<Line> summary_;         // the last one
  Statuses earlier_;                  // what those before it said
  std::optional<Counts> counts_;
};

}  // namespace

TestLog ReadPytestLog(std::string_view text) {
  Reader reader;
  LogLines lines(text);
  while (const std::optional<std::string_view> line = lines.Next()) reader.Read(*line);
  return reader.Finish();
}

}  // namespace cohort
