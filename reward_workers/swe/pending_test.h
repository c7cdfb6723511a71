// The test that is under way in a log whose lines begin with a test's name and end with its status,
// with whatever the test printed between the two. Pure.
//
//   a ... ok                 ends where it began
//   b ... b prints this      is under way;
//   a ... ok                 printed by b, or, where b's own status was lost, of a test after it:
//   ok                       b's status, which decides that it was printed
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "reward_workers/swe/test_log.h"

namespace cohort {

class PendingTest {
 public:
  // `log` and the text of the names outlive it.
  explicit PendingTest(TestLog* log) : log_(log) {}

  bool open() const { return name_.has_value(); }
  std::string_view name() const { return *name_; }

  // A line with a name and no status. What was doubtful is believed: no status came.
  void Begin(std::string_view name) {
    Leave();
    name_ = name;
  }
  // A line with both.
  void Add(std::string_view name, TestStatus status) {
    if (open()) {
      doubtful_.emplace_back(name, status);
    } else {
      log_->Add(name, status);
    }
  }
  // A line with nothing but a status.
  void End(TestStatus status) {
    if (open()) log_->Add(*name_, status);
    doubtful_.clear();
    name_.reset();
  }
  // No test is under way here.
  void Leave() {
    for (const auto& [name, status] : doubtful_) log_->Add(name, status);
    doubtful_.clear();
    name_.reset();
  }

 private:
  TestLog* log_;
  std::optional<std::string_view> name_;
  std::vector<std::pair<std::string_view, TestStatus>> doubtful_;
};

}  // namespace cohort
