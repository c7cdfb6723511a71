// Scorers in processes of their own, made from their configuration.
#include <gmock/gmock.h>

#include <string>

#include "reward_workers/verdict_cache.h"
#include "tests/reward_workers/plugins/plugin_fixture.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

ScorerConfig Library(std::vector<std::string> options) {
  ScorerConfig config;
  config.kind = "library";
  config.library = Variable("COHORT_BIN") + "/../tests/liblength_scorer.so";
  config.options = std::move(options);
  return config;
}

TEST_F(PluginScorers, ALibraryInCIsAScorer) {
  // The host stands beside the programs, the test does not.
  setenv("COHORT_SCORER_HOST", (Variable("COHORT_BIN") + "/cohort-scorer-host").c_str(), 1);
  ASSERT_THAT(Make(Library({"most=20"})).message(), "");
  EXPECT_EQ(Judge("12345"), Verdict::Graded(0.25));
  EXPECT_EQ(Judge("x", "ids"), Verdict::Graded(7));
  EXPECT_FALSE(Judge("x", "none").applicable());
  EXPECT_EQ(Judge("x", "columns"), Verdict::Graded(0));
  columns_ = R"({"level":5})";
  EXPECT_EQ(Judge("x", "columns"), Verdict::Graded(11, R"({"level":5})"));
  EXPECT_EQ(Judge("x", "unparseable"),
            Verdict::Failed(OutcomeReason::kUnparseable, "nothing there"));
  // A gold that breaks its scorer whatever the answer is not the model's failure.
  EXPECT_EQ(Judge("x", "crash").reason(), OutcomeReason::kGraderCrashed);
  EXPECT_EQ(Judge("x", "nan").reason(), OutcomeReason::kGraderCrashed);
  EXPECT_EQ(Judge("12345"), Verdict::Graded(0.25));
}

TEST_F(PluginScorers, ALibrarySaysWhyItDoesNotStart) {
  setenv("COHORT_SCORER_HOST", (Variable("COHORT_BIN") + "/cohort-scorer-host").c_str(), 1);
  EXPECT_THAT(Make(Library({"least=2"})).message(), HasSubstr("unknown option least=2"));
  ScorerConfig missing = Library({});
  missing.library = "/no/such.so";
  EXPECT_THAT(Make(missing).message(), HasSubstr("/no/such.so"));
}

// Says how often it was asked, so that a verdict which is given again shows.
constexpr char kCounting[] = R"(
import os
calls = 0
def reward(completions, **kwargs):
    global calls
    if completions[0] == "end":
        os._exit(3)
    calls += 1
    return [calls]
)";

TEST_F(PluginScorers, AVerdictIsKeptWhereTheScorerSaysThatItStays) {
  VerdictCache cache(10);
  context_.verdicts = &cache;
  const TestFolder folder;
  ScorerConfig config;
  config.kind = "python";
  config.source = folder.Write("counting.py", kCounting) + ":reward";
  ASSERT_THAT(Make(config).message(), "");
  EXPECT_EQ(Judge("a").value(), 1);
  EXPECT_EQ(Judge("a").value(), 2);
  EXPECT_EQ(cache.size(), 0u);

  config.deterministic = true;
  ASSERT_THAT(Make(config).message(), "");
  EXPECT_EQ(Judge("a").value(), 1);
  EXPECT_EQ(Judge("a").value(), 1);
  EXPECT_EQ(Judge("a", "another gold").value(), 2);
  EXPECT_EQ(Judge("b").value(), 3);
  EXPECT_EQ(Judge("end").value(), 0);  // grader_killed: never kept
  EXPECT_EQ(cache.size(), 3u);
  EXPECT_EQ(Judge("a").value(), 1);

  folder.Write("counting.py", std::string(kCounting) + "# edited\n");
  EXPECT_EQ(Judge("end").reason(), OutcomeReason::kGraderKilled);
  EXPECT_GE(told_["changed"], 1);
  const Verdict judged_anew = Judge("a");
  EXPECT_EQ(Judge("a").value(), *judged_anew.value() + 1);  // nothing is kept any more
}

}  // namespace
}  // namespace cohort
