#include "reward_workers/swe/suite.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reward_workers/swe/sentinels.h"
#include "reward_workers/swe/swe_grade.h"

namespace cohort {
namespace {

const std::string kFile = "def test_one_thing():\n    pass\n\ndef test_other_thing():\n    pass\n";

SweEnvironment Pytest() {
  SweEnvironment environment;
  environment.test_files = {"tests/test_a.py"};
  return environment;
}

// What pytest and the plug-in would write about these tests.
class Traces {
 public:
  Traces()
      : plan_(PlanSuite(Pytest(), {{"tests/test_a.py", kFile}, {"tests/other.py", ""}},
                        {"tests/test_a.py::test_one_thing"}, /*seed=*/7)) {
    Test("tests/test_a.py::test_one_thing", "passed");
    Test("tests/test_a.py::test_other_thing", "passed");
    for (const std::string& sentinel : plan_.sentinels) Test(sentinel, "failed");
  }

  Traces& Test(const std::string& id, const std::string& outcome) {
    outcomes_[id] = outcome;
    return *this;
  }
  Traces& Without(const std::string& id) {
    outcomes_.erase(id);
    return *this;
  }

  SandboxResult Result() const {
    SandboxResult result;
    result.end = SandboxEnd::kExited;
    result.output = "== short test summary info ==\n";
    int passed = 0, failed = 0;
    for (const auto& [id, outcome] : outcomes_) {
      if (outcome == "passed") result.output += "PASSED " + id + "\n", ++passed;
      if (outcome == "failed") result.output += "FAILED " + id + " - assert\n", ++failed;
      Say(result, {{"test", id}, {"when", "setup"}, {"outcome", "passed"}, {"expected", false}});
      Say(result, {{"test", id}, {"when", "call"}, {"outcome", outcome}, {"expected", false}});
    }
    result.output += "==== " + std::to_string(failed) + " failed, " + std::to_string(passed) +
                     " passed in 0.10s ====\n";
    result.code = failed > 0 ? 1 : 0;
    Say(result, {{"exit", result.code}, {"collected", passed + failed}});
    return result;
  }
  SuiteResult Read() const { return Read(Result()); }
  SuiteResult Read(const SandboxResult& result) const { return ReadSuite(Pytest(), plan_, result); }

  void Say(SandboxResult& result, const nlohmann::json& record) const {
    result.errors += "\n" + plan_.word + " " + record.dump() + "\n";
  }
  const SuitePlan& plan() const { return plan_; }

 private:
  SuitePlan plan_;
  std::map<std::string, std::string> outcomes_;
};

TEST(SuiteTest, IsWholeWhenItsTracesAgree) {
  const SuiteResult suite = Traces().Read();
  EXPECT_TRUE(suite.whole) << suite.problem;
  EXPECT_FALSE(suite.tampered);
  EXPECT_EQ(suite.tests.size(), 2u) << "sentinels are not told";
  EXPECT_EQ(suite.tests.at("tests/test_a.py::test_one_thing"), TestStatus::kPassed);
}

TEST(SuiteTest, ASentinelThatPassesIsTamperingAndOneThatIsSkippedNoWholeSuite) {
  Traces run;
  run.Test(run.plan().sentinels.front(), "passed");
  EXPECT_TRUE(run.Read().tampered);
  run.Test(run.plan().sentinels.front(), "skipped");
  EXPECT_FALSE(run.Read().tampered);
  EXPECT_FALSE(run.Read().whole);
}

TEST(SuiteTest, FilesWithoutGradedTestsHaveNoSentinels) {
  const Traces run;
  EXPECT_EQ(run.plan().sentinels.size(), 2u);
  EXPECT_EQ(run.plan().tests.at("tests/other.py"), "");
}

TEST(SuiteTest, TestsThatChangedOnDiskAreTampering) {
  const Traces run;
  SandboxResult result = run.Result();
  result.errors = "\n" + run.plan().word + " {\"changed\": \"tests/test_a.py\"}\n" + result.errors;
  EXPECT_TRUE(run.Read(result).tampered);
}

TEST(SuiteTest, ATestThatCopesWithAFullDiskDoesNotSpoilTheSuite) {
  const Traces run;
  SandboxResult result = run.Result();
  result.end = SandboxEnd::kDiskLimit;
  EXPECT_TRUE(run.Read(result).whole) << run.Read(result).problem;
  result.code = 0;  // a signal
  EXPECT_FALSE(run.Read(result).whole);
}

TEST(SuiteTest, IsNotWholeWithoutItsSentinels) {
  Traces run;
  run.Without(run.plan().sentinels.back());
  EXPECT_FALSE(run.Read().whole);
}

TEST(SuiteTest, ContradictionsAreSeen) {
  const Traces run;
  const std::string id = "tests/test_a.py::test_one_thing";
  SandboxResult printed = run.Result();  // what a forger writes beside what happened
  printed.output.replace(printed.output.find("PASSED " + id), 7, "FAILED ");
  SuiteResult suite = run.Read(printed);
  EXPECT_FALSE(suite.whole);
  EXPECT_EQ(suite.tests.at(id), TestStatus::kFailed) << "the worst of both counts";

  SandboxResult result = run.Result();
  result.code = 0;
  EXPECT_FALSE(run.Read(result).whole);

  result = run.Result();
  run.Say(result, {{"test", "x"}, {"when", "call"}, {"outcome", "passed"}});
  EXPECT_FALSE(run.Read(result).whole) << "a record behind the last one";

  result = run.Result();
  result.errors.resize(result.errors.rfind(run.plan().word));
  EXPECT_FALSE(run.Read(result).whole) << "no last record";

  result = run.Result();
  result.output.clear();
  EXPECT_FALSE(run.Read(result).whole);

  result = run.Result();
  result.errors += "\n" + run.plan().word + " [not, json\n";
  EXPECT_FALSE(run.Read(result).whole);

  result = run.Result();
  result.end = SandboxEnd::kWallLimit;
  EXPECT_FALSE(run.Read(result).whole) << "it hung behind its summary";
}

TEST(SuiteTest, OtherTextOnStderrDoesNotMatter) {
  const Traces run;
  SandboxResult result = run.Result();
  result.errors = "a warning\nreport-0000 {\"exit\": 0}\n\xff\xfe" + result.errors + "bye";
  EXPECT_TRUE(run.Read(result).whole);
}

TEST(SuiteTest, OtherFormatsGoByLogAndExitCode) {
  SweEnvironment environment = Pytest();
  environment.format = LogFormat::kUnittest;
  environment.command = {"python3", "-m", "unittest", "-v", "{tests}"};
  const SuitePlan plan = PlanSuite(environment, {{"tests/test_a.py", kFile}}, {}, 1);
  EXPECT_EQ(plan.argv.back(), "tests/test_a.py");
  EXPECT_EQ(plan.tests.at("tests/test_a.py"), kFile);
  SandboxResult result;
  result.end = SandboxEnd::kExited;
  result.output = "test_a (m.T.test_a) ... ok\n\n---\nRan 1 test in 0.001s\n\nOK\n";
  EXPECT_TRUE(ReadSuite(environment, plan, result).whole);
  result.code = 1;
  EXPECT_FALSE(ReadSuite(environment, plan, result).whole);
}

TEST(SentinelsTest, LookLikeTheFilesOwnTestsAndAreNoneOfThem) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const Sentinels sentinels = MakeSentinels(kFile, seed);
    EXPECT_EQ(sentinels.names.size(), 2u);
    EXPECT_NE(sentinels.names[0], sentinels.names[1]);
    for (const std::string& name : sentinels.names) {
      EXPECT_TRUE(name.starts_with("test_"));
      EXPECT_EQ(kFile.find("def " + name + "("), std::string::npos) << name;
      EXPECT_NE(sentinels.source.find("def " + name + "():"), std::string::npos);
    }
  }
  EXPECT_EQ(MakeSentinels("", 1).names.size(), 2u);
}

TEST(SweGradeTest, IsResolvedOnlyWhenEveryNamedTestPasses) {
  SweInstance instance;
  instance.fail_to_pass = {"f"};
  instance.pass_to_pass = {"p", "q"};
  SuiteResult suite;
  suite.whole = true;
  suite.tests = {{"f", TestStatus::kPassed},
                 {"p", TestStatus::kPassed},
                 {"q", TestStatus::kPassed},
                 {"other", TestStatus::kFailed}};
  EXPECT_TRUE(GradeSuite(instance, suite).resolved);
  for (const TestStatus status : {TestStatus::kFailed, TestStatus::kError, TestStatus::kSkipped,
                                  TestStatus::kExpectedFailure, TestStatus::kUnexpectedPass}) {
    for (const char* test : {"f", "p"}) {
      SuiteResult worse = suite;
      worse.tests[test] = status;
      EXPECT_FALSE(GradeSuite(instance, worse).resolved) << test;
    }
  }
  SuiteResult missing = suite;
  missing.tests.erase("q");
  EXPECT_FALSE(GradeSuite(instance, missing).resolved);
  EXPECT_EQ(Describe(instance, GradeSuite(instance, missing)),
            "1 of 1 fixed, 1 of 2 kept; not passed: \"q\"");
  suite.whole = false;
  EXPECT_FALSE(GradeSuite(instance, suite).resolved);
  suite.whole = true;
  suite.tampered = "so";
  EXPECT_FALSE(GradeSuite(instance, suite).resolved);
}

}  // namespace
}  // namespace cohort
