#include "reward_workers/code/code_grade.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace cohort {
namespace {

constexpr std::array<std::string_view, 7> kNames = {"AC", "WA", "TLE", "MLE", "OLE", "RE", "CE"};

OutcomeReason ReasonOf(TestEnd end) {
  switch (end) {
    case TestEnd::kTimeLimit:
      return OutcomeReason::kProgramTimeout;
    case TestEnd::kMemoryLimit:
      return OutcomeReason::kProgramMemory;
    case TestEnd::kOutputLimit:
      return OutcomeReason::kProgramOutput;
    case TestEnd::kRuntimeError:
    case TestEnd::kCompileError:
      return OutcomeReason::kProgramCrash;
    case TestEnd::kAccepted:
    case TestEnd::kWrongAnswer:
      break;
  }
  return OutcomeReason::kGraded;
}

}  // namespace

std::string_view TestEndName(TestEnd end) { return kNames[static_cast<size_t>(end)]; }

std::optional<TestEnd> TestEndFromName(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<TestEnd>(found - kNames.begin());
}

Result<CodeCredit> ParseCodeCredit(std::string_view name) {
  if (name == "all") return CodeCredit::kAll;
  if (name == "fraction") return CodeCredit::kFraction;
  if (name == "subtasks") return CodeCredit::kSubtasks;
  return InvalidArgument("\"" + std::string(name) +
                         "\" is no way to give credit; use all, fraction or subtasks");
}

CodeGrade::CodeGrade(std::vector<Test> tests, CodeCredit credit)
    : tests_(std::move(tests)), credit_(credit) {}

void CodeGrade::Add(TestEnd end, std::string detail) {
  if (done()) return;
  if (end != TestEnd::kAccepted && first_failure_.empty()) {
    first_failure_ = "test " + std::to_string(ends_.size() + 1) + " of " +
                     std::to_string(tests_.size()) + ": " + std::string(TestEndName(end)) +
                     (detail.empty() ? "" : ", " + detail);
  }
  ends_.push_back(end);
}

void CodeGrade::AddForAllLeft(TestEnd end, std::string detail) {
  while (!done()) Add(end, detail);
}

bool CodeGrade::settled() const {
  if (done()) return true;
  const auto failed = [](TestEnd end) { return end != TestEnd::kAccepted; };
  if (credit_ == CodeCredit::kAll) return std::ranges::any_of(ends_, failed);
  if (credit_ == CodeCredit::kFraction) return false;
  // What is left lies in subtasks that have failed already.
  for (size_t i = ends_.size(); i < tests_.size(); ++i) {
    const std::string& subtask = tests_[i].subtask;
    bool lost = false;
    for (size_t j = 0; j < ends_.size() && !lost; ++j) {
      lost = !subtask.empty() && tests_[j].subtask == subtask && failed(ends_[j]);
    }
    if (!lost) return false;
  }
  return true;
}

double CodeGrade::Value() const {
  const auto accepted = [this](size_t test) {
    return test < ends_.size() && ends_[test] == TestEnd::kAccepted;
  };
  double all = 0, won = 0;
  std::map<std::string, std::pair<double, bool>> subtasks;  // weight, and whether it is won
  for (size_t i = 0; i < tests_.size(); ++i) {
    all += tests_[i].weight;
    if (credit_ == CodeCredit::kSubtasks && !tests_[i].subtask.empty()) {
      auto& [weight, is_won] = subtasks.try_emplace(tests_[i].subtask, 0.0, true).first->second;
      weight += tests_[i].weight;
      is_won = is_won && accepted(i);
    } else if (accepted(i)) {
      won += tests_[i].weight;
    }
  }
  for (const auto& [name, subtask] : subtasks) won += subtask.second ? subtask.first : 0;
  if (credit_ == CodeCredit::kAll) return won == all ? 1 : 0;
  return all > 0 ? won / all : 0;
}

Verdict CodeGrade::Finish() const {
  const size_t accepted = static_cast<size_t>(std::ranges::count(ends_, TestEnd::kAccepted));
  std::string detail =
      std::to_string(accepted) + " of " + std::to_string(tests_.size()) + " tests accepted";
  if (!first_failure_.empty()) detail += "; " + first_failure_;
  const double value = Value();
  const auto failure =
      std::ranges::find_if(ends_, [](TestEnd end) { return end != TestEnd::kAccepted; });
  if (value == 0 && failure != ends_.end() && ReasonOf(*failure) != OutcomeReason::kGraded) {
    return Verdict::Failed(ReasonOf(*failure), std::move(detail));
  }
  return Verdict::Graded(value, std::move(detail));
}

std::vector<CodeGrade::Test> TestsOf(const CodeTask& task) {
  std::vector<CodeGrade::Test> tests;
  for (const ProgramTest& test : task.tests) tests.push_back({test.weight, test.subtask});
  for (const CallTest& call : task.calls) tests.push_back({call.weight, ""});
  return tests;
}

}  // namespace cohort
