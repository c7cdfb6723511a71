#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reward_workers/tool/scaffold.h"
#include "tests/reward_workers/tool/tool_program.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

TEST(NewScorer, RefusesWhatIsNoName) {
  for (const char* name : {"", "a b", "../x", "7x", "x.py"}) {
    EXPECT_FALSE(MakeScaffold(name, ScorerTier::kPython).ok()) << name;
  }
}

TEST(NewScorer, NamesItselfInEveryFile) {
  for (const ScorerTier tier : {ScorerTier::kPython, ScorerTier::kC, ScorerTier::kHttp}) {
    const Result<Scaffold> scaffold = MakeScaffold("mine", tier);
    ASSERT_TRUE(scaffold.ok());
    for (const ScaffoldFile& file : scaffold->files) {
      EXPECT_EQ(file.text.find("NAME."), std::string::npos) << file.name;
      EXPECT_EQ(file.text.find("NAME_"), std::string::npos) << file.name;
      EXPECT_FALSE(file.text.empty()) << file.name;
    }
  }
}

TEST(NewScorer, OverwritesNothing) {
  const TestFolder folder;
  const std::string dir = " --dir " + (folder.path() / "sub").string();
  EXPECT_EQ(RunCohort("scorer new mine --python" + dir).code, 0);
  std::filesystem::remove(folder.path() / "sub" / "mine.py");
  const ProgramResult again = RunCohort("scorer new mine --python" + dir);
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("mine.jsonl is there already"));
  EXPECT_FALSE(Exists(folder.path() / "sub" / "mine.py"));
  // A second library shares the header, as long as it is this version's.
  EXPECT_EQ(RunCohort("scorer new one --c" + dir).code, 0);
  EXPECT_EQ(RunCohort("scorer new two --c" + dir).code, 0);
  folder.Write("sub/cohort_scorer.h", "/* mine */\n");
  EXPECT_EQ(RunCohort("scorer new three --c" + dir).code, 2);
}

TEST(NewScorer, TellsWhatToRunAndWhatToPaste) {
  const TestFolder folder;
  const ProgramResult result = RunCohort("scorer new mine --c --dir " + folder.path().string());
  EXPECT_THAT(result.out, HasSubstr("cohort scorer test mine.so --rows mine.jsonl"));
  EXPECT_THAT(result.out, HasSubstr("[[scorers]]\nname = \"mine\"\nkind = \"library\"\n"));
}

}  // namespace
}  // namespace cohort
