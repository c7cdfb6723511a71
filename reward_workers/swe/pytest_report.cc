#include "reward_workers/swe/pytest_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cohort {
namespace {

using Json = nlohmann::json;

// Nothing for a phase that went as it should: only the call itself makes a test pass.
std::optional<TestStatus> StatusOf(const Json& record) {
  const bool expected = record.value("expected", false);
  const bool call = record.value("when", "") == "call";
  const std::string outcome = record.value("outcome", "");
  if (outcome == "passed") {
    if (!call) return std::nullopt;
    return expected ? TestStatus::kUnexpectedPass : TestStatus::kPassed;
  }
  if (outcome == "skipped") {
    return expected ? TestStatus::kExpectedFailure : TestStatus::kSkipped;
  }
  return call ? TestStatus::kFailed : TestStatus::kError;
}

void Take(const Json& record, PytestReport& report) {
  if (report.exit) {
    report.problem = "records come after the last one";
  } else if (record.contains("exit")) {
    report.exit = record.value("exit", -1);
  } else if (record.contains("changed")) {
    report.changed = true;
  } else if (record.contains("test")) {
    const std::optional<TestStatus> status = StatusOf(record);
    if (!status) return;
    if (*status == TestStatus::kPassed) ++report.passed;
    const auto [found, added] = report.tests.emplace(record.value("test", ""), *status);
    if (!added) found->second = WorseOf(found->second, *status);
  }
}

}  // namespace

PytestReport ReadPytestReport(std::string_view errors, std::string_view word) {
  PytestReport report;
  for (size_t at = 0; at < errors.size();) {
    const size_t end = std::min(errors.find('\n', at), errors.size());
    const std::string_view line = errors.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(word) || line.size() <= word.size()) continue;
    const Json record = Json::parse(line.substr(word.size()), nullptr, /*allow_exceptions=*/false);
    if (record.is_object()) {
      try {
        Take(record, report);
        continue;
      } catch (const Json::exception&) {  // a member of another type: no record of ours
      }
    }
    report.problem = "the report has a record that is none";
  }
  return report;
}

}  // namespace cohort
