// `cohort sandbox` as a user runs it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/cohort_program.h"
#include "tests/reward_workers/sandbox/modes.h"

namespace cohort {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(SandboxCheck, ListsWhatIsMissingAndWhatItHolds) {
  const ProgramResult result = RunCohort("sandbox check --no-cgroups --json");
  EXPECT_EQ(result.code, 1) << "full without cgroups";
  const json report = json::parse(result.out, nullptr, false);
  ASSERT_TRUE(report.is_object()) << result.out << result.err;
  EXPECT_TRUE(report["works"].get<bool>()) << report["trouble"];
  EXPECT_FALSE(report["full"].get<bool>());
  EXPECT_THAT(report["mode"].get<std::string>(), HasSubstr("no cgroups"));
  int missing = 0;
  for (const json& row : report["mechanisms"]) {
    EXPECT_EQ(row["present"].get<bool>(), !row.contains("without"));
    if (row["name"] == "cpu cgroup") {
      ++missing;
      EXPECT_EQ(row["detail"], "switched off");
      EXPECT_EQ(row["attacks"], json::array({57}));
    }
  }
  EXPECT_EQ(missing, 1);
}

TEST(SandboxCheck, ExitsWithZeroExactlyWhenNothingIsMissing) {
  const ProgramResult result = RunCohort("sandbox check --json");
  const json report = json::parse(result.out, nullptr, false);
  ASSERT_TRUE(report.is_object()) << result.out << result.err;
  EXPECT_EQ(result.code == 0, report["full"].get<bool>());
  const ProgramResult table = RunCohort("sandbox check");
  EXPECT_EQ(table.code, result.code);
  EXPECT_THAT(table.out, HasSubstr("mode: " + report["mode"].get<std::string>()));
}

TEST(SandboxRun, EndsAsTheProgramDoes) {
  const ProgramResult result = RunCohort("sandbox run -- sh -c 'echo out; echo err >&2; exit 3'");
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_THAT(result.err, HasSubstr("err\n"));
  EXPECT_THAT(result.err, HasSubstr("cohort sandbox: exited 3 ("));
  EXPECT_EQ(RunCohort("sandbox run -- sh -c 'kill -9 $$'").code, 137);
  EXPECT_EQ(RunCohort("sandbox run --wall-seconds 0.2 -- sleep 100").code, 124);
  EXPECT_EQ(RunCohort("sandbox run --bind /no/such:/x -- true").code, 125);
  EXPECT_EQ(RunCohort("sandbox run -- no-such-program").code, 127);
  EXPECT_EQ(RunCohort("sandbox run").code, 2);
  EXPECT_EQ(RunCohort("sandbox run --bind x -- true").code, 2);
}

TEST(SandboxRun, ChangesACopyOfATree) {
  const TestFolder folder;
  folder.Write("f", "f\n");
  folder.Write("g", "g\n");
  const ProgramResult result =
      RunCohort("sandbox run --tree " + folder.path().string() +
                ":/work/t --remove t/g -- sh -c 'ls t; echo changed > t/f; cat t/f'");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "f\nchanged\n");
  EXPECT_EQ(*ReadFile(folder.path() / "f"), "f\n");
  EXPECT_EQ(RunCohort("sandbox run --tree x -- true").code, 2);
}

TEST(SandboxRun, TakesFilesAndInput) {
  const TestFolder folder;
  const std::string file = folder.Write("f", "from a file\n");
  const ProgramResult result =
      RunCohort("sandbox run --file g=" + file + " --file " + file + " --input " + file +
                " --env A=b --json -- sh -c 'cat f g -; echo $A'");
  const json report = json::parse(result.out, nullptr, false);
  ASSERT_TRUE(report.is_object()) << result.out << result.err;
  EXPECT_EQ(report["output"], "from a file\nfrom a file\nfrom a file\nb\n");
  EXPECT_EQ(report["end"], "exited");
}

}  // namespace
}  // namespace cohort
