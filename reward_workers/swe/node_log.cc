// node --test, by either reporter.
//
// tap:  "ok 1 - name" and "not ok 2 - name # TODO later", each perhaps with YAML between "---" and
//       "..." under it; a suite's tests stand in front of its own line, four blanks further in.
//       What tests print has "# " in front, so that nothing of it looks like a result; the counts
//       are such lines too, behind the plan "1..12".
// spec: "✔ name (0.1ms)", "✖", "﹣" for skipped, "▶ name" in front of a suite's tests, two blanks
//       further in; the counts are "ℹ pass 7". What tests print stands there as it is.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "libs/scoring/thinking.h"
#include "reward_workers/swe/log_text.h"
#include "reward_workers/swe/readers.h"

namespace cohort {
namespace {

constexpr size_t kDeepest = 64;  // suites within suites
constexpr std::string_view kWithin = " > ";

constexpr std::string_view kPassedMark = "✔ ";
constexpr std::string_view kFailedMark = "✖ ";
constexpr std::string_view kSkippedMark = "﹣ ";
constexpr std::string_view kSuiteMark = "▶ ";
constexpr std::string_view kCountMark = "ℹ ";

struct NodeCounts {
  std::optional<uint64_t> passed, failed;

  void Read(std::string_view line) {
    if (Take(line, "pass ")) Set(line, passed);
    if (Take(line, "fail ")) Set(line, failed);
    if (Take(line, "cancelled ") && failed) {
      const std::optional<uint64_t> more = TakeNumber(line);
      if (more && line.empty()) *failed += *more;
    }
  }

 private:
  static void Set(std::string_view line, std::optional<uint64_t>& count) {
    const std::optional<uint64_t> number = TakeNumber(line);
    if (number && line.empty()) count = number;
  }
};

void Finish(const NodeCounts& counts, TestLog& log) {
  log.finished = counts.passed && counts.failed;
  if (!log.finished) return;
  log.passed = counts.passed;
  log.failed = counts.failed;
}

// "name # SKIP why", with "#" and "\" of the name behind a "\".
struct TapLine {
  std::string name;
  std::string_view directive;
};
TapLine ReadTapLine(std::string_view text) {
  TapLine line;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '#' || text[i + 1] == '\\')) {
      ++i;
    } else if (text[i] == '#' && line.name.ends_with(' ')) {
      line.directive = Trimmed(text.substr(i + 1));
      break;
    }
    line.name += text[i];
  }
  line.name = TrimmedRight(line.name);
  return line;
}

class TapReader {
 public:
  explicit TapReader(size_t bytes) : room_(4 * bytes) {}

  void Read(std::string_view line) {
    const size_t indent = Indent(line);
    if (yaml_) {
      if (indent == *yaml_ && line.substr(indent) == "...") yaml_.reset();
      return;
    }
    std::string_view rest = line.substr(indent);
    if (rest == "---" && may_have_yaml_ && indent == *may_have_yaml_) {
      yaml_ = indent;
      return;
    }
    may_have_yaml_.reset();
    if (indent == 0 && Take(rest, "# ")) {
      if (planned_) counts_.Read(rest);
      return;
    }
    if (indent == 0 && Take(rest, "1..")) {
      planned_ = TakeNumber(rest) && rest.empty();
      return;
    }
    ReadResult(indent, rest);
  }

  TestLog Finish() {
    if (!levels_.empty()) {
      for (const auto& [name, status] : levels_[0]) log_.Add(name, status);
    }
    cohort::Finish(counts_, log_);
    return std::move(log_);
  }

 private:
  void ReadResult(size_t indent, std::string_view rest) {
    const bool failed = Take(rest, "not ");
    const size_t depth = indent / 4;
    if (!Take(rest, "ok ") || indent % 4 != 0 || depth >= kDeepest) return;
    if (!TakeNumber(rest)) return;
    may_have_yaml_ = indent + 2;
    TapLine line = ReadTapLine(Take(rest, " - ") ? rest : std::string_view());
    TestStatus status = failed ? TestStatus::kFailed : TestStatus::kPassed;
    if (line.directive.starts_with("SKIP")) status = TestStatus::kSkipped;
    if (line.directive.starts_with("TODO")) {
      status = failed ? TestStatus::kExpectedFailure : TestStatus::kUnexpectedPass;
    }
    Place(depth, std::move(line.name), status);
  }

  // Its tests came before it.
  void Place(size_t depth, std::string name, TestStatus status) {
    levels_.resize(std::max(levels_.size(), depth + 1));
    for (size_t below = depth + 1; below < levels_.size(); ++below) {
      for (auto& [test, test_status] : levels_[below]) {
        const size_t more = name.size() + kWithin.size();
        if (more > room_) continue;
        room_ -= more;
        levels_[depth].emplace_back(name + std::string(kWithin) + test, test_status);
      }
    }
    levels_.resize(depth + 1);
    levels_[depth].emplace_back(std::move(name), status);
  }

  TestLog log_;
  // Of each depth the tests whose suite has not come yet.
  std::vector<std::vector<std::pair<std::string, TestStatus>>> levels_;
  size_t room_;  // bytes by which names may grow: long names of suites with many tests are hostile
  std::optional<size_t> may_have_yaml_;  // its indent
  std::optional<size_t> yaml_;
  bool planned_ = false;
  NodeCounts counts_;
};

class SpecReader {
 public:
  explicit SpecReader(size_t bytes) : room_(4 * bytes) {}

  void Read(std::string_view line) {
    if (line == "✖ failing tests:") failing_ = true;  // all of them once more
    if (Take(line, kCountMark)) counts_.Read(line);
    if (failing_) return;
    const size_t depth = Indent(line) / 2;
    line.remove_prefix(Indent(line));
    if (depth >= kDeepest) return;
    if (Take(line, kSuiteMark)) {
      suites_.resize(std::min(suites_.size(), depth));
      // Older ones close a suite so too, with its time.
      if (suites_.size() == depth) suites_.emplace_back(line.substr(0, TimeOf(line).begin));
      return;
    }
    TestStatus status = TestStatus::kPassed;
    if (Take(line, kFailedMark)) {
      status = TestStatus::kFailed;
    } else if (Take(line, kSkippedMark)) {
      status = TestStatus::kSkipped;
    } else if (!Take(line, kPassedMark)) {
      return;
    }
    const Time time = TimeOf(line);
    if (time.begin == line.size()) return;
    if (line.substr(time.end).starts_with(" # ") && status != TestStatus::kSkipped) {  // to do
      status = status == TestStatus::kFailed ? TestStatus::kExpectedFailure
                                             : TestStatus::kUnexpectedPass;
    }
    suites_.resize(std::min(suites_.size(), depth));
    Add(line.substr(0, time.begin), status);
  }

  TestLog Finish() {
    cohort::Finish(counts_, log_);
    return std::move(log_);
  }

 private:
  // " (0.1ms)" of a line; at its end where there is none.
  struct Time {
    size_t begin;
    size_t end;
  };
  static Time TimeOf(std::string_view line) {
    for (size_t end = line.rfind("ms)"); end != std::string_view::npos && end > 0;) {
      const size_t begin = line.rfind(" (", end);
      if (begin == std::string_view::npos) break;
      std::string_view number = line.substr(begin + 2, end - begin - 2);
      if (TakeSeconds(number) && number.empty()) return {begin, end + 3};
      end = line.rfind("ms)", begin);
    }
    return {line.size(), line.size()};
  }

  void Add(std::string_view name, TestStatus status) {
    std::string id;
    for (const std::string_view suite : suites_) {
      const size_t more = suite.size() + kWithin.size();
      if (more > room_) return;
      room_ -= more;
      id.append(suite).append(kWithin);
    }
    log_.Add(id.append(name), status);
  }

  TestLog log_;
  std::vector<std::string_view> suites_;  // that are open
  size_t room_;                           // as above
  bool failing_ = false;
  NodeCounts counts_;
};

bool IsTap(std::string_view text) {
  LogLines lines(text);
  while (const std::optional<std::string_view> line = lines.Next()) {
    if (line->starts_with("TAP version ")) return true;
    const std::string_view rest = Trimmed(*line);
    for (const std::string_view mark :
         {kPassedMark, kFailedMark, kSkippedMark, kSuiteMark, kCountMark}) {
      if (rest.starts_with(mark)) return false;
    }
  }
  return false;
}

template <typename Reader>
TestLog ReadAll(std::string_view text) {
  Reader reader(text.size());
  LogLines lines(text);
  while (const std::optional<std::string_view> line = lines.Next()) reader.Read(*line);
  return reader.Finish();
}

}  // namespace

TestLog ReadNodeLog(std::string_view text) {
  return IsTap(text) ? ReadAll<TapReader>(text) : ReadAll<SpecReader>(text);
}

}  // namespace cohort
