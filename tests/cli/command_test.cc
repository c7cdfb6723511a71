#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/cohort_program.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

TEST(Cohort, ShowsHelpEverywhere) {
  const ProgramResult top = RunCohort("--help");
  EXPECT_EQ(top.code, 0);
  for (const char* command : {"up", "validate", "status", "samples", "report", "eval", "config",
                              "keys", "score", "scorer"}) {
    EXPECT_THAT(top.out, HasSubstr(command));
    const ProgramResult help = RunCohort(std::string(command) + " --help");
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr(std::string("cohort ") + command));
  }
}

TEST(Cohort, AnswersAWrongCommandLineWithOneLineAndTwo) {
  for (const char* words :
       {"", "nonsense", "up", "validate a.toml --nonsense", "samples x --last 0",
        "validate a.toml --run.seed", "up a.toml --resume --clean"}) {
    const ProgramResult result = RunCohort(words);
    EXPECT_EQ(result.code, 2) << words;
    EXPECT_THAT(result.err, ::testing::StartsWith("cohort: ")) << words;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

TEST(Cohort, ValidatesWithOneLineForEachProblem) {
  const TestFolder folder;
  const std::string file = folder.Write("a.toml", "[model]\npath = \"no/model\"\n");
  const ProgramResult result = RunCohort("validate " + file + " --fleet.actors=0");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("there is no stage"));
  EXPECT_THAT(result.err, HasSubstr("no/model"));
  folder.Write("a.toml", "[modle]\n");
  EXPECT_THAT(RunCohort("validate " + file).err, HasSubstr("a.toml:1:2: unknown section [modle]"));
}

TEST(Cohort, PrintsTheResolvedConfiguration) {
  const ProgramResult result = RunCohort("config --run.seed=11");
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("\nseed = 11\n"));
  EXPECT_THAT(RunCohort("config --reference").out, HasSubstr("# Configuration"));
}

}  // namespace
}  // namespace cohort
