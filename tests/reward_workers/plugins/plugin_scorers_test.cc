// Scorers in shared libraries, made from their configuration.
#include <gmock/gmock.h>

#include <string>

#include "tests/reward_workers/plugins/plugin_fixture.h"

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

}  // namespace
}  // namespace cohort
