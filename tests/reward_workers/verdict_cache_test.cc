#include "reward_workers/verdict_cache.h"

#include <gtest/gtest.h>

#include "libs/base/clock.h"
#include "libs/protocol/types.h"
#include "reward_workers/scorer.h"
#include "tests/libs/protocol/samples.h"

namespace cohort {
namespace {

Digest Key(std::string_view scorer, std::string_view gold, std::string_view answer) {
  return VerdictKey(scorer).Add(gold).Add(answer).Finish();
}

TEST(VerdictCache, GivesTheVerdictOfTheSameQuestionAgain) {
  VerdictCache cache(10);
  EXPECT_FALSE(cache.Find("math", Key("math", "7", "7")));
  cache.Keep(Key("math", "7", "7"), Verdict::Graded(1, "equal"));
  EXPECT_EQ(cache.Find("math", Key("math", "7", "7")), Verdict::Graded(1, "equal"));
  EXPECT_FALSE(cache.Find("math", Key("math", "7", "8")));
  EXPECT_FALSE(cache.Find("math", Key("other", "7", "7")));
  EXPECT_NE(Key("math", "1", "23"), Key("math", "12", "3"));
}

TEST(VerdictCache, KeepsOnlyWhatWouldBeSaidAgain) {
  VerdictCache cache(100);
  const auto kept = [&](const Verdict& verdict) {
    const Digest key = Key("s", std::to_string(cache.size()), verdict.detail());
    cache.Keep(key, verdict);
    return cache.Find("s", key).has_value();
  };
  EXPECT_TRUE(kept(Verdict::Graded(0.5, "a")));
  EXPECT_TRUE(kept(Verdict::Failed(OutcomeReason::kUnparseable, "b")));
  EXPECT_TRUE(kept(Verdict::Failed(OutcomeReason::kOutsideBudget, "c")));
  EXPECT_TRUE(kept(Verdict::NotApplicable("d")));
  for (const OutcomeReason reason :
       {OutcomeReason::kProgramTimeout, OutcomeReason::kProgramMemory, OutcomeReason::kProgramCrash,
        OutcomeReason::kProgramOutput, OutcomeReason::kGraderKilled}) {
    EXPECT_FALSE(kept(Verdict::Failed(reason, "e"))) << OutcomeReasonName(reason);
  }
  for (const OutcomeReason reason :
       {OutcomeReason::kGoldInvalid, OutcomeReason::kTaskUnsupported, OutcomeReason::kSandboxLost,
        OutcomeReason::kGraderCrashed, OutcomeReason::kExpired, OutcomeReason::kCancelled,
        OutcomeReason::kSaturated}) {
    EXPECT_FALSE(kept(Verdict::Masked(reason, "f"))) << OutcomeReasonName(reason);
  }
  EXPECT_FALSE(kept(Verdict::Graded(1, std::string(5000, 'x'))));
}

TEST(VerdictCache, LetsGoOfWhatNobodyAskedForTheLongest) {
  VerdictCache cache(2);
  const auto key = [](const char* answer) { return Key("s", "gold", answer); };
  cache.Keep(key("a"), Verdict::Graded(1));
  cache.Keep(key("b"), Verdict::Graded(1));
  EXPECT_TRUE(cache.Find("s", key("a")));
  cache.Keep(key("c"), Verdict::Graded(1));
  EXPECT_TRUE(cache.Find("s", key("a")));
  EXPECT_FALSE(cache.Find("s", key("b")));
  EXPECT_TRUE(cache.Find("s", key("c")));
  EXPECT_EQ(cache.size(), 2u);
  VerdictCache none(0);
  none.Keep(key("a"), Verdict::Graded(1));
  EXPECT_FALSE(none.Find("s", key("a")));
}

TEST(VerdictCache, KnowsAnAnswerWithinAnyCompletion) {
  int hits = 0, misses = 0;
  VerdictCache cache(10, [&](const std::string&, bool hit) { ++(hit ? hits : misses); });
  ManualClock clock;
  TimerQueue timers;
  ScorerConfig config;
  config.name = "math";
  config.kind = "math";
  const auto scorer = MakeScorer(config, {.clock = &clock, .timers = &timers, .verdicts = &cache});
  ASSERT_TRUE(scorer.ok());
  Rollout rollout = SampleRollout();
  rollout.prompt.truth = "\\frac{1}{2}";
  std::vector<Verdict> verdicts;
  const auto judge = [&](const char* text) {
    (*scorer)->Start({rollout, text}, [&](Verdict verdict) { verdicts.push_back(verdict); });
  };
  judge("so it is \\boxed{0.5}");
  judge("a longer way to say \\boxed{0.5}");
  EXPECT_EQ(hits, 1);
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[0], verdicts[1]);
  EXPECT_EQ(verdicts[0].value(), 1.0);
  rollout.prompt.truth = "\\frac{1}{3}";
  judge("so it is \\boxed{0.5}");
  EXPECT_EQ(verdicts.back().value(), 0.0);
  EXPECT_EQ(misses, 2);
}

}  // namespace
}  // namespace cohort
