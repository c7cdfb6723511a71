// "=== RUN   TestA", then what it prints, then "--- FAIL: TestA (0.00s)" and, indented, the results
// of its subtests; "=== PAUSE" and "=== CONT" of parallel tests; at the end of a package "ok",
// "FAIL" or "?" with its name between tabs. A result counts where its test is under way: everybody
// else's that is printed meanwhile is that test's output.
#include <optional>
#include <set>

#include "libs/scoring/thinking.h"
#include "reward_workers/swe/log_text.h"
#include "reward_workers/swe/readers.h"

namespace cohort {
namespace {

std::string_view Root(std::string_view name) { return name.substr(0, name.find('/')); }

// Of a package, or of all.
bool EndsPackage(std::string_view line) {
  return line.starts_with("ok  \t") || line.starts_with("FAIL\t") || line.starts_with("?   \t");
}

struct GoResult {
  std::string_view name;
  TestStatus status = TestStatus::kPassed;
  size_t begin = 0;  // in its line
};

std::optional<GoResult> ReadResult(std::string_view line) {
  constexpr std::string_view kMark = "--- ";
  GoResult result;
  result.begin = line.rfind(kMark);
  if (result.begin == std::string_view::npos) return std::nullopt;
  std::string_view rest = line.substr(result.begin + kMark.size());
  if (Take(rest, "PASS: ")) {
    result.status = TestStatus::kPassed;
  } else if (Take(rest, "FAIL: ")) {
    result.status = TestStatus::kFailed;
  } else if (Take(rest, "SKIP: ")) {
    result.status = TestStatus::kSkipped;
  } else {
    return std::nullopt;
  }
  const size_t end = rest.rfind(" (");
  if (end == std::string_view::npos) return std::nullopt;
  result.name = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  if (!TakeSeconds(rest) || rest != "s)") return std::nullopt;
  return result;
}

class Reader {
 public:
  void Read(std::string_view line) {
    if (EndsPackage(line)) {
      EndPackage();
      return;
    }
    if (line == "FAIL" && ended_) return;  // of all packages
    if (std::optional<GoResult> result = ReadResult(line)) {
      ReadTest(line, *result);
    } else {
      ReadMark(line);
    }
  }

  TestLog Finish() {
    log_.finished = ended_;
    return std::move(log_);
  }

 private:
  void ReadTest(std::string_view line, const GoResult& result) {
    const bool own_line = Indent(line) == result.begin;
    if (started_.empty()) {  // without -v
      if (!own_line || result.status != TestStatus::kFailed) return;
    } else {
      if (!started_.contains(result.name) || !active_.contains(Root(result.name))) return;
      open_.erase(result.name);
    }
    ended_ = false;
    log_.Add(result.name, result.status);
  }

  void ReadMark(std::string_view line) {
    constexpr std::string_view kMark = "=== ";
    const size_t begin = line.rfind(kMark);
    if (begin == std::string_view::npos) return;
    const std::string_view mark = line.substr(begin + kMark.size());
    const size_t blank = mark.find(' ');
    if (blank == std::string_view::npos) return;
    const std::string_view word = mark.substr(0, blank);
    const std::string_view name = Trimmed(mark.substr(blank));
    if (name.empty()) return;
    const std::string_view root = Root(name);
    if (word == "RUN") {
      if (root.size() == name.size()) {
        // Tests start one by one: the one that is under way printed that.
        if (alone_ && open_.contains(*alone_)) return;
        alone_ = root;
        active_ = {root};
      } else if (!active_.contains(root)) {
        return;
      }
      started_.insert(name);
      open_.insert(name);
      ended_ = false;
    } else if (word == "PAUSE" && root == name && active_.contains(root)) {
      parallel_.insert(root);
      active_.erase(root);
      alone_.reset();
    } else if (word == "CONT" && parallel_.contains(root)) {
      active_.insert(root);
    }
  }

  // What was started and has no result: the process ended under it.
  void EndPackage() {
    for (const std::string_view name : open_) log_.Add(name, TestStatus::kError);
    started_.clear();
    open_.clear();
    active_.clear();
    parallel_.clear();
    alone_.reset();
    ended_ = true;
  }

  TestLog log_;
  bool ended_ = false;  // nothing came behind the end of a package
  // Of this package:
  std::set<std::string_view> started_;
  std::set<std::string_view> open_;        // started, without a result
  std::set<std::string_view> active_;      // roots that may be running
  std::optional<std::string_view> alone_;  // the last root that started, until it is paused
  std::set<std::string_view> parallel_;    // roots that were paused
};

}  // namespace

TestLog ReadGoLog(std::string_view text) {
  Reader reader;
  LogLines lines(text);
  while (const std::optional<std::string_view> line = lines.Next()) reader.Read(*line);
  return reader.Finish();
}

}  // namespace cohort
