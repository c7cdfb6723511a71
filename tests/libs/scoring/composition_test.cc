#include "libs/scoring/composition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "libs/base/rng.h"

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::shared_ptr<const Composition> Make(std::vector<ComponentRule> rules) {
  Result<Composition> composition = Composition::Create(std::move(rules));
  EXPECT_TRUE(composition.ok()) << composition.status().ToString();
  return std::make_shared<const Composition>(*std::move(composition));
}

std::string Refusal(std::vector<ComponentRule> rules) {
  return Composition::Create(std::move(rules)).status().message();
}

ComponentRule Passing(std::string name, std::vector<std::string> gates = {}) {
  return {.name = std::move(name), .gates = std::move(gates), .passes = true};
}

TEST(Composition, RefusesRulesThatDoNotFit) {
  EXPECT_THAT(Refusal({}), HasSubstr("no scorer is named"));
  EXPECT_THAT(Refusal({Passing("")}), HasSubstr("has no name"));
  EXPECT_THAT(Refusal({Passing("a"), Passing("a")}), HasSubstr("\"a\" is named twice"));
  EXPECT_THAT(Refusal({Passing("a", {"b"})}), HasSubstr("\"a\" requires \"b\""));
  EXPECT_THAT(Refusal({Passing("a", {"a"})}), HasSubstr("in a circle (\"a\")"));
  EXPECT_THAT(
      Refusal({Passing("x"), Passing("a", {"b"}), Passing("b", {"c"}), Passing("c", {"a"})}),
      HasSubstr("in a circle (\"a\", \"b\", \"c\")"));
  EXPECT_THAT(Refusal({{.name = "a"}}), HasSubstr("none of the scorers has passes"));
  EXPECT_THAT(Refusal({{.name = "a", .passes = true, .minimum = 2}}), HasSubstr("above maximum"));
  EXPECT_THAT(
      Refusal({{.name = "a", .weight = std::numeric_limits<double>::infinity(), .passes = true}}),
      HasSubstr("weight is not"));
}

TEST(Judgement, SumsWeightedComponentsInTheirOrder) {
  Judgement judgement(Make({Passing("right"), {.name = "format", .weight = 0.1}}));
  EXPECT_THAT(judgement.TakeReady(), ElementsAre(0, 1));
  EXPECT_THAT(judgement.TakeReady(), IsEmpty());
  EXPECT_TRUE(judgement.Set(1, Verdict::Graded(1)));
  EXPECT_FALSE(judgement.complete());
  EXPECT_TRUE(judgement.Set(0, Verdict::Graded(1, "it is 7")));
  ASSERT_TRUE(judgement.complete());
  const Outcome outcome = judgement.Finish();
  EXPECT_DOUBLE_EQ(*outcome.reward(), 1.1);
  EXPECT_TRUE(outcome.correct());
  EXPECT_EQ(outcome.detail(), "right: it is 7");
  EXPECT_THAT(outcome.components(),
              ElementsAre(RewardComponent{"right", 1, 1}, RewardComponent{"format", 1, 0.1}));
}

TEST(Judgement, AClosedGateMakesZeroAndAsksNobody) {
  Judgement judgement(Make({Passing("right", {"stop"}), {.name = "stop", .weight = 0}}));
  EXPECT_THAT(judgement.TakeReady(), ElementsAre(1));
  EXPECT_TRUE(judgement.Set(1, Verdict::Graded(0.999)));
  EXPECT_THAT(judgement.TakeReady(), IsEmpty());
  ASSERT_TRUE(judgement.complete());
  EXPECT_EQ(judgement.Finish().reward(), 0.0);
  EXPECT_FALSE(judgement.Finish().correct());
}

TEST(Judgement, AnOpenGateLetsTheScorerBeAsked) {
  Judgement judgement(Make({Passing("right", {"stop"}), {.name = "stop", .weight = 0}}));
  judgement.TakeReady();
  judgement.Set(1, Verdict::Graded(1));
  EXPECT_THAT(judgement.TakeReady(), ElementsAre(0));
  judgement.Set(0, Verdict::Graded(1));
  EXPECT_EQ(judgement.Finish().reward(), 1.0);
}

TEST(Judgement, GatesActThroughAChain) {
  Judgement judgement(Make({Passing("c", {"b"}), {.name = "b", .gates = {"a"}}, {.name = "a"}}));
  EXPECT_THAT(judgement.TakeReady(), ElementsAre(2));
  judgement.Set(2, Verdict::Graded(0));
  EXPECT_TRUE(judgement.complete());
  EXPECT_EQ(judgement.Finish().reward(), 0.0);
}

TEST(Judgement, AGatedScorerIsZeroWhateverItsClamp) {
  Judgement judgement(Make({{.name = "right", .gates = {"a"}, .passes = true, .minimum = 0.5},
                            {.name = "a", .weight = 0}}));
  judgement.TakeReady();
  judgement.Set(1, Verdict::Graded(0));
  EXPECT_EQ(judgement.Finish().components()[0].value, 0.0);
}

TEST(Judgement, ClampsValues) {
  Judgement judgement(Make({Passing("high"), {.name = "low", .minimum = -0.25, .maximum = 0.25}}));
  judgement.TakeReady();
  judgement.Set(0, Verdict::Graded(17));
  judgement.Set(1, Verdict::Graded(-3));
  EXPECT_EQ(judgement.Finish().reward(), 0.75);
  EXPECT_TRUE(judgement.Finish().correct());
}

TEST(Judgement, IsMaskedWhenANeededScorerIs) {
  Judgement judgement(Make({{.name = "format"}, Passing("right"), Passing("other")}));
  judgement.TakeReady();
  judgement.Set(2, Verdict::Masked(OutcomeReason::kSandboxLost, "gone"));
  judgement.Set(0, Verdict::Graded(1));
  EXPECT_FALSE(judgement.complete());
  judgement.Set(1, Verdict::Masked(OutcomeReason::kGoldInvalid, "no number"));
  EXPECT_EQ(judgement.Finish(), Outcome::Masked(OutcomeReason::kGoldInvalid, "right: no number"));
}

TEST(Judgement, AMaskedGateMasksWhatItGuards) {
  Judgement judgement(Make({Passing("right", {"tests"}), {.name = "tests", .weight = 0}}));
  judgement.TakeReady();
  judgement.Set(1, Verdict::Masked(OutcomeReason::kSandboxLost, "gone"));
  ASSERT_TRUE(judgement.complete());
  EXPECT_EQ(judgement.Finish().reason(), OutcomeReason::kSandboxLost);
}

TEST(Judgement, AMaskedScorerThatNothingNeedsIsLeftOut) {
  Judgement judgement(Make({Passing("right"), {.name = "curious", .weight = 0}}));
  judgement.TakeReady();
  judgement.Set(0, Verdict::Graded(1));
  judgement.Set(1, Verdict::Masked(OutcomeReason::kGraderCrashed, "oh"));
  EXPECT_THAT(judgement.Finish().components(), ElementsAre(RewardComponent{"right", 1, 1}));
}

TEST(Judgement, AMaskedGateMasksEvenBesideAClosedOne) {
  // "right" is guarded by two gates; one of them is 0, so that it matters no more what the other
  // is.
  Judgement judgement(Make({Passing("right", {"format", "curious"}),
                            {.name = "format"},
                            {.name = "curious", .weight = 0}}));
  judgement.TakeReady();
  judgement.Set(2, Verdict::Masked(OutcomeReason::kGraderCrashed, "oh"));
  judgement.Set(1, Verdict::Graded(0));
  ASSERT_TRUE(judgement.complete());
  EXPECT_EQ(judgement.Finish().reason(), OutcomeReason::kGraderCrashed);
}

TEST(Judgement, NamesTheFirstReasonThatTheModelCaused) {
  Judgement judgement(Make({{.name = "format"}, Passing("right")}));
  judgement.TakeReady();
  judgement.Set(0, Verdict::Graded(0));
  judgement.Set(1, Verdict::Failed(OutcomeReason::kUnparseable, "no number"));
  EXPECT_EQ(judgement.Finish().reason(), OutcomeReason::kUnparseable);
  EXPECT_EQ(judgement.Finish().reward(), 0.0);
}

TEST(Composition, RefusesARightByThatIsNotThere) {
  EXPECT_THAT(Refusal({Passing("a"), {.name = "c", .right_by = "b"}}),
              HasSubstr("\"c\" is right by \"b\", which is not among"));
  EXPECT_THAT(
      Refusal({{.name = "a", .gates = {"c"}, .passes = true}, {.name = "c", .right_by = "a"}}),
      HasSubstr("in a circle (\"a\", \"c\")"));
}

TEST(Judgement, AsksAScorerOnceItIsKnownWhatIsRight) {
  const auto rules = Make({{.name = "cosine", .right_by = "math", .minimum = -1}, Passing("math")});
  for (const double value : {1.0, 0.0}) {
    Judgement judgement(rules);
    EXPECT_THAT(judgement.TakeReady(), ElementsAre(1));
    EXPECT_TRUE(judgement.Set(1, Verdict::Graded(value)));
    EXPECT_THAT(judgement.TakeReady(), ElementsAre(0));
    EXPECT_EQ(judgement.Right(0), value == 1.0);
    EXPECT_TRUE(judgement.Set(0, Verdict::Graded(-0.5)));
    EXPECT_EQ(judgement.Finish().reward(), value - 0.5);
  }
}

TEST(Judgement, DoesNotAskWhereNobodyKnowsWhatIsRight) {
  Judgement judgement(Make(
      {{.name = "cosine", .right_by = "seen"}, Passing("math"), {.name = "seen", .weight = 0}}));
  EXPECT_THAT(judgement.TakeReady(), ElementsAre(1, 2));
  judgement.Set(1, Verdict::Graded(1));
  judgement.Set(2, Verdict::Masked(OutcomeReason::kGraderCrashed, "gone"));
  ASSERT_TRUE(judgement.complete());
  EXPECT_EQ(judgement.Finish().reason(), OutcomeReason::kGraderCrashed);
}

TEST(Judgement, WhatFailedIsNotRightWhateverItIsWorth) {
  // A punishment: its worst is 1.
  Judgement judgement(Make({{.name = "bad", .weight = -1, .passes = true},
                            {.name = "cosine", .right_by = "bad"},
                            {.name = "gated", .gates = {"bad"}}}));
  judgement.TakeReady();
  judgement.Set(0, Verdict::Failed(OutcomeReason::kUnparseable, "nothing"));
  EXPECT_THAT(judgement.TakeReady(), ElementsAre(1));
  EXPECT_FALSE(judgement.Right(1));
  judgement.Set(1, Verdict::Graded(0));
  EXPECT_EQ(judgement.Finish().reward(), -1.0);
  EXPECT_FALSE(judgement.Finish().correct());
}

TEST(Judgement, DropsAnswersThatNobodyWaitsFor) {
  Judgement judgement(Make({Passing("right", {"stop"}), {.name = "stop", .weight = 0}}));
  EXPECT_FALSE(judgement.Set(0, Verdict::Graded(1)));  // not asked
  EXPECT_FALSE(judgement.Set(9, Verdict::Graded(1)));  // unknown
  judgement.TakeReady();
  EXPECT_TRUE(judgement.Set(1, Verdict::Graded(0)));
  EXPECT_FALSE(judgement.Set(1, Verdict::Graded(1)));  // twice
  EXPECT_EQ(judgement.Finish().reward(), 0.0);
}

TEST(Judgement, DoesNotDependOnTheOrderOfAnswers) {
  Rng rng(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<ComponentRule> rules;
    std::vector<Verdict> verdicts;
    const size_t size = 1 + rng.Below(6);
    for (size_t i = 0; i < size; ++i) {
      ComponentRule rule = {.name = "s" + std::to_string(i), .passes = i == 0 || rng.Below(2) == 0};
      if (rng.Below(3) == 0) rule.weight = 0;
      for (size_t gate = i + 1; gate < size; ++gate) {
        if (rng.Below(3) == 0) rule.gates.push_back("s" + std::to_string(gate));
        if (rng.Below(6) == 0) rule.right_by = "s" + std::to_string(gate);
      }
      rules.push_back(rule);
      verdicts.push_back(rng.Below(6) == 0
                             ? Verdict::Masked(OutcomeReason::kSandboxLost, std::to_string(i))
                             : Verdict::Graded(rng.Below(3) == 0 ? 0 : 1));
    }
    const auto composition = Make(rules);
    std::optional<Outcome> first;
    for (int order = 0; order < 4; ++order) {
      Judgement judgement(composition);
      std::vector<size_t> asked;
      while (true) {
        for (const size_t scorer : judgement.TakeReady()) asked.push_back(scorer);
        if (asked.empty()) break;
        std::swap(asked[rng.Below(asked.size())], asked.back());
        ASSERT_TRUE(judgement.Set(asked.back(), verdicts[asked.back()]));
        asked.pop_back();
      }
      ASSERT_TRUE(judgement.complete());
      if (!first) first = judgement.Finish();
      ASSERT_EQ(judgement.Finish(), *first);
    }
  }
}

}  // namespace
}  // namespace cohort
