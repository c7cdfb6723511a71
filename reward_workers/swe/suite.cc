#include "reward_workers/swe/suite.h"

#include <algorithm>
#include <set>
#include <utility>

#include "libs/base/rng.h"
#include "libs/scoring/verdict.h"
#include "reward_workers/swe/pytest_report.h"
#include "reward_workers/swe/sentinels.h"

namespace cohort {
namespace {

constexpr char kToolsPath[] = "/cohort";  // in the box: the plug-in's folder

std::string InTree(const std::string& path) {
  return "/work/" + std::string(kTreeFolder) + (path.empty() ? "" : "/" + path);
}

std::vector<std::string> PytestCommand(const SweEnvironment& environment) {
  // What failed comes last, where evidence is cut from. -c names an empty configuration and -p our
  // plug-in: nothing in the tree is asked for either.
  std::vector<std::string> argv = {"python3",    "-P",
                                   "-s",         "-B",
                                   "-m",         "pytest",
                                   "-c",         std::string(kToolsPath) + "/pytest.ini",
                                   "--rootdir",  InTree(""),
                                   "-p",         "cohort_report",
                                   "-p",         "no:cacheprovider",
                                   "--color=no", "--no-header",
                                   "--tb=no",    "-rpsxXEf"};
  argv.insert(argv.end(), environment.options.begin(), environment.options.end());
  argv.insert(argv.end(), environment.test_files.begin(), environment.test_files.end());
  return argv;
}

std::vector<std::string> Command(const SweEnvironment& environment) {
  if (environment.format == LogFormat::kPytest) return PytestCommand(environment);
  std::vector<std::string> argv;
  for (const std::string& word : environment.command) {
    if (word == "{tests}") {
      argv.insert(argv.end(), environment.test_files.begin(), environment.test_files.end());
    } else {
      argv.push_back(word);
    }
  }
  return argv;
}

void AddSentinels(SuitePlan& plan, const std::vector<std::string>& graded, Rng& rng) {
  std::set<std::string> hosts;
  for (const std::string& id : graded) hosts.insert(id.substr(0, id.find("::")));
  for (auto& [path, text] : plan.tests) {
    if (!hosts.contains(path)) continue;  // perhaps none of its tests is ever run
    const Sentinels sentinels = MakeSentinels(text, rng.Next());
    if (!text.ends_with('\n')) text += '\n';
    text += sentinels.source;
    for (const std::string& name : sentinels.names) plan.sentinels.push_back(path + "::" + name);
  }
}

std::string Word(Rng& rng) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string word = "report-";
  for (int i = 0; i < 24; ++i) word += kDigits[rng.Below(16)];
  return word;
}

bool Fails(TestStatus status) {
  return status == TestStatus::kFailed || status == TestStatus::kError;
}

bool AnyFails(const std::map<std::string, TestStatus>& tests) {
  return std::ranges::any_of(tests, [](const auto& test) { return Fails(test.second); });
}

// A program that copes with what it is refused (a test of a full disk) ends as it wants: with 1, as
// the sentinels fail.
bool ExitedByItself(const SandboxResult& result) {
  const bool refused = result.end == SandboxEnd::kDiskLimit ||
                       result.end == SandboxEnd::kProcessLimit ||
                       result.end == SandboxEnd::kOpenFilesLimit;
  return result.end == SandboxEnd::kExited || (refused && result.code != 0);
}

// Where log and report contradict each other; empty: they agree.
std::string Disagreement(const PytestReport& report, const TestLog& log, int exit_code) {
  if (!report.problem.empty()) return report.problem;
  if (!report.exit) return "the report does not come to its end";
  if (!log.finished) return "the log does not come to its end";
  if (*report.exit != exit_code) {
    return "the tests ended with " + std::to_string(*report.exit) + ", the program with " +
           std::to_string(exit_code);
  }
  for (const auto& [test, status] : report.tests) {
    if (status == TestStatus::kSkipped) continue;  // without a name in the log
    const auto found = log.tests.find(test);
    if (found == log.tests.end()) return "the log does not have " + Quoted(test);
    if (found->second != status) return "log and report differ in " + Quoted(test);
  }
  for (const auto& [test, status] : log.tests) {
    if (!report.tests.contains(test)) return "the report does not have " + Quoted(test);
  }
  if (AnyFails(report.tests) && exit_code == 0) return "tests failed, and the program ended well";
  if (log.passed && *log.passed != report.passed) {
    return "log and report differ in how many tests passed";
  }
  return "";
}

void CheckSentinels(const SuitePlan& plan, SuiteResult& suite) {
  for (const std::string& sentinel : plan.sentinels) {
    const auto found = suite.tests.find(sentinel);
    if (found == suite.tests.end()) {
      suite.whole = false;
      if (suite.problem.empty()) suite.problem = "tests that are there were not run";
      continue;
    }
    if (found->second == TestStatus::kPassed || found->second == TestStatus::kUnexpectedPass) {
      suite.tampered = "a test passes that cannot: " + sentinel;
    } else if (!Fails(found->second)) {
      suite.whole = false;
      suite.problem = "a test is skipped that must fail: " + sentinel;
    }
    suite.tests.erase(found);
  }
}

}  // namespace

SuitePlan PlanSuite(const SweEnvironment& environment, std::map<std::string, std::string> tests,
                    const std::vector<std::string>& graded, uint64_t seed) {
  Rng rng(seed);
  SuitePlan plan;
  plan.argv = Command(environment);
  plan.environment = environment.variables;
  plan.tests = std::move(tests);
  if (environment.format != LogFormat::kPytest) return plan;
  AddSentinels(plan, graded, rng);
  plan.word = Word(rng);
  // Site before the tree: what steers the tests is found there, whatever the tree holds.
  std::string path = kToolsPath;
  if (environment.has_site) path += std::string(":") + kSitePath;
  path += ":" + InTree("");
  for (std::string variable :
       {std::string("PYTEST_DISABLE_PLUGIN_AUTOLOAD=1"), std::string("PYTHONDONTWRITEBYTECODE=1"),
        std::string("PYTHONPYCACHEPREFIX=/tmp/pycache"), std::string("PYTHONHASHSEED=0"),
        std::string("PYTHONNOUSERSITE=1"), "PYTHONPATH=" + path,
        "COHORT_REPORT_WORD=" + plan.word}) {
    plan.environment.push_back(std::move(variable));
  }
  return plan;
}

SuiteResult ReadSuite(const SweEnvironment& environment, const SuitePlan& plan,
                      const SandboxResult& result) {
  SuiteResult suite;
  const TestLog log = ReadTestLog(environment.format, result.output);
  if (environment.format == LogFormat::kPytest) {
    const PytestReport report = ReadPytestReport(result.errors, plan.word);
    suite.tests = report.tests;
    for (const auto& [test, status] : log.tests) {  // the worst of both counts
      const auto [found, added] = suite.tests.emplace(test, status);
      if (!added) found->second = WorseOf(found->second, status);
    }
    suite.problem = Disagreement(report, log, result.code);
    if (report.changed) suite.tampered = "the files of the tests were changed while they ran";
  } else {
    suite.tests = log.tests;
    const bool failed = AnyFails(log.tests);
    if (!log.finished) {
      suite.problem = "the log does not come to its end";
    } else if (failed == (result.code == 0)) {
      suite.problem =
          failed ? "tests failed, and the program ended well"
                 : "all tests passed, and the program ended with " + std::to_string(result.code);
    }
  }
  if (!ExitedByItself(result)) suite.problem = Describe(result);
  suite.whole = suite.problem.empty();
  CheckSentinels(plan, suite);
  return suite;
}

}  // namespace cohort
