#include "reward_workers/plugins/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reward_workers/plugins/canaries.h"
#include "reward_workers/plugins/frames.h"
#include "reward_workers/plugins/grading_case.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

TEST(Frames, ComeBackWhateverTheCut) {
  const std::string bytes = Frame("{\"a\":1}") + Frame(std::string(70'000, 'x'));
  for (const size_t step : {1UL, 3UL, 4UL, 7UL, 5000UL, bytes.size()}) {
    FrameReader reader(1 << 20);
    std::vector<std::string> bodies;
    for (size_t at = 0; at < bytes.size(); at += step) {
      reader.Add(std::string_view(bytes).substr(at, step));
      for (;;) {
        auto next = reader.Next();
        ASSERT_TRUE(next.ok());
        if (!next->has_value()) break;
        bodies.push_back(**next);
      }
    }
    EXPECT_THAT(bodies, ::testing::ElementsAre("{\"a\":1}", std::string(70'000, 'x')));
  }
}

TEST(Frames, RefuseALengthBeyondTheBoundBeforeItsBytesCome) {
  FrameReader reader(1000);
  reader.Add(std::string("\xe9\x03\x00\x00", 4));  // 1001
  EXPECT_THAT(reader.Next().status().message(), HasSubstr("1001 bytes"));
  FrameReader empty(1000);
  empty.Add(std::string(4, '\0'));
  EXPECT_FALSE(empty.Next().ok());
}

TEST(ScorerMessages, AreReadStrictly) {
  const auto ready = ReadScorerMessage(
      R"({"type":"ready","protocol":1,"version":"7","wants":["completion_ids"]})");
  ASSERT_TRUE(ready.ok());
  EXPECT_EQ(std::get<ReadyMessage>(*ready).version, "7");
  EXPECT_TRUE(std::get<ReadyMessage>(*ready).wants_completion_ids);
  EXPECT_FALSE(std::get<ReadyMessage>(*ready).wants_prompt_ids);
  for (const char* bad :
       {"", "x", "[]", "{}", R"({"type":"ready","protocol":2})", R"({"type":"verdict","value":1})",
        R"({"type":"verdict","id":1})", R"({"type":"verdict","id":1,"value":"1"})",
        R"({"type":"verdict","id":-1,"value":1})", R"({"type":"verdict","id":1,"value":NaN})",
        R"({"type":"verdict","id":1,"value":1e999})", R"({"type":"other","id":1})"}) {
    EXPECT_FALSE(ReadScorerMessage(bad).ok()) << bad;
  }
}

TEST(ScorerMessages, KnowValuesAndReasons) {
  EXPECT_EQ(*ReadVerdict(R"({"value":-0.25,"detail":"so\nso"})"), Verdict::Graded(-0.25, "so so"));
  EXPECT_EQ(*ReadVerdict(R"({"value":true})"), Verdict::Graded(1));
  EXPECT_EQ(*ReadVerdict(R"({"value":null})"), Verdict::NotApplicable());
  EXPECT_EQ(*ReadVerdict(R"({"unparseable":true,"detail":"no answer"})"),
            Verdict::Failed(OutcomeReason::kUnparseable, "no answer"));
}

TEST(ScorerMessages, CarryTheRolloutAndOnlyTheIdsThatAreWanted) {
  Rollout rollout;
  rollout.prompt.truth = "42";
  rollout.prompt.route = "math";
  rollout.tokens = {5, 6};
  const ScoreRequest request{rollout, "it is \xff 42"};
  const auto fields =
      nlohmann::json::parse(ScoreMessage(9, ScoreFields("mine", request, "what?", true, false)));
  EXPECT_EQ(fields["type"], "score");
  EXPECT_EQ(fields["id"], 9);
  EXPECT_EQ(fields["answer"], "42");
  EXPECT_EQ(fields["prompt"], "what?");
  EXPECT_EQ(fields["completion"], "it is \xef\xbf\xbd 42");
  EXPECT_EQ(fields["completion_ids"], (std::vector<int>{5, 6}));
  EXPECT_FALSE(fields.contains("prompt_ids"));
  EXPECT_FALSE(fields.contains("columns"));
  rollout.prompt.columns = R"({"tests":["assert f(1) == 2"]})";
  const auto with_columns =
      nlohmann::json::parse(ScoreFields("mine", request, "what?", false, false));
  EXPECT_EQ(with_columns["columns"]["tests"][0], "assert f(1) == 2");
}

TEST(ScorerMessages, ADeepReplyIsNonsenseAndNotTheEnd) {
  const std::string deep = std::string(400'000, '[') + std::string(400'000, ']');
  EXPECT_FALSE(ReadVerdict("{\"value\":" + deep + "}").ok());
  EXPECT_FALSE(ReadScorerMessage(R"({"type":"verdict","id":1,"value":)" + deep + "}").ok());
  const auto verdicts = ReadVerdicts("{\"verdicts\":[" + deep + R"(,{"value":1}]})", 2);
  ASSERT_TRUE(verdicts.ok());
  EXPECT_FALSE((*verdicts)[0].ok());
  EXPECT_EQ(*(*verdicts)[1], Verdict::Graded(1));
}

TEST(GradingCase, ForgivesWhatBreaksOnce) {
  GradingCase once;
  EXPECT_EQ(once.step(), GradingCase::Step::kRun);
  once.Broke(Breakage::kTimeout, "");
  EXPECT_EQ(once.step(), GradingCase::Step::kAlone);
  once.Judged(Verdict::Graded(1));
  EXPECT_EQ(once.step(), GradingCase::Step::kDone);
  EXPECT_EQ(once.verdict(), Verdict::Graded(1));
}

GradingCase BrokenTwice() {
  GradingCase grading;
  grading.Broke(Breakage::kCrash, "signal 11");
  grading.Broke(Breakage::kMemory, "above 1 MiB");
  return grading;
}

TEST(GradingCase, IsTheModelsFailureWhenItBreaksAgainAfterACanaryPassed) {
  GradingCase hostile = BrokenTwice();
  EXPECT_EQ(hostile.step(), GradingCase::Step::kCanary);
  hostile.Judged(Verdict::Graded(1));
  EXPECT_EQ(hostile.step(), GradingCase::Step::kAlone);
  hostile.Broke(Breakage::kCrash, "");
  EXPECT_EQ(hostile.verdict().reason(), OutcomeReason::kGraderKilled);
  EXPECT_EQ(hostile.verdict().value(), 0);
}

TEST(GradingCase, TroubleThatPassedMeanwhileIsNobodysFault) {
  GradingCase honest = BrokenTwice();
  honest.Judged(Verdict::Graded(0));  // the canary
  honest.Judged(Verdict::Graded(1));
  EXPECT_EQ(honest.verdict(), Verdict::Graded(1));
}

TEST(GradingCase, IsMaskedWhenTwoCanariesBreak) {
  GradingCase broken = BrokenTwice();
  broken.Broke(Breakage::kCrash, "");
  EXPECT_EQ(broken.step(), GradingCase::Step::kCanary) << "the canary may have been a bad one";
  broken.Broke(Breakage::kCrash, "");
  EXPECT_EQ(broken.verdict().reason(), OutcomeReason::kGraderCrashed);
  EXPECT_FALSE(broken.verdict().value());
  EXPECT_THAT(broken.verdict().detail(),
              HasSubstr("crash (signal 11), alone memory (above 1 MiB)"));
}

TEST(GradingCase, WhatComesAndGoesIsDoubtedForLonger) {
  const auto broke = [](GradingCase& grading) {
    grading.Broke(Breakage::kError, "HTTP 503", /*doubtful=*/true);
  };
  GradingCase hostile;
  broke(hostile);
  for (int round = 0; round < 3; ++round) {
    broke(hostile);
    ASSERT_EQ(hostile.step(), GradingCase::Step::kCanary);
    hostile.Judged(Verdict::Graded(1));
  }
  broke(hostile);
  EXPECT_EQ(hostile.verdict().reason(), OutcomeReason::kGraderKilled);

  GradingCase unlucky;
  broke(unlucky);
  broke(unlucky);
  broke(unlucky);  // a canary
  unlucky.Judged(Verdict::Graded(1));
  broke(unlucky);
  EXPECT_EQ(unlucky.verdict().reason(), OutcomeReason::kGraderCrashed);
}

TEST(Canaries, AreTheTaskWithACompletionOfBefore) {
  Canaries canaries;
  const std::string task = R"({"answer":"7","completion":"hostile","tokens":9})";
  const auto completion = [&] {
    return std::string(nlohmann::json::parse(canaries.For(task))["completion"]);
  };
  EXPECT_EQ(completion(), "0") << "nothing was judged yet";
  canaries.Add(R"({"answer":"1","completion":"first","tokens":2})");
  EXPECT_EQ(completion(), "first");
  EXPECT_EQ(nlohmann::json::parse(canaries.For(task))["answer"], "7") << "its own gold";
  canaries.Add(R"({"answer":"1","completion":"second","tokens":2})");
  const std::string one = completion();
  EXPECT_NE(completion(), one) << "another one each time";
  const std::string last = completion();
  canaries.DropLast();
  EXPECT_NE(completion(), last);
}

}  // namespace
}  // namespace cohort
