#include "reward_workers/judge/judge_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "reward_workers/judge/both_orders.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

TEST(JudgeReply, ItsLastLineIsTheMark) {
  const Result<JudgeSaid> said =
      ReadScore("It is good.\n  Nearly all of it.\n\nSCORE: 7.5\n \n", {1, 11});
  ASSERT_TRUE(said.ok()) << said.status().message();
  EXPECT_DOUBLE_EQ(said->value, 0.65);
  EXPECT_EQ(said->reason, "\"Nearly all of it.\"");
  EXPECT_EQ(ReadScore("SCORE: 1\r\n", {1, 10})->value, 0);
  EXPECT_EQ(ReadScore("SCORE: 10", {1, 10})->value, 1);
  EXPECT_EQ(ReadScore("SCORE: -2", {-2, 2})->value, 0);
  EXPECT_EQ(ReadScore("SCORE: 10", {1, 10})->reason, "");
}

TEST(JudgeReply, AnythingElseIsNonsense) {
  for (const char* content : {"",
                              " \n ",
                              "7",
                              "SCORE:7",
                              "SCORE: ",
                              "SCORE: 7/10",
                              "SCORE: 7.",
                              "SCORE: +7",
                              "SCORE: 7e0",
                              "SCORE: seven",
                              "SCORE: nan",
                              "SCORE: inf",
                              "SCORE: 0x7",
                              "SCORE: 7 of 10",
                              "score: 7",
                              "**SCORE: 7**",
                              "> SCORE: 7",
                              "SCORE: 0.9",
                              "SCORE: 11",
                              "SCORE: 7\nThank you.",
                              "SCORE: 7\nSCORE: 7",
                              "SCORE: 100\nor rather\nSCORE: 7",
                              "SCORE: 3\rSCORE: 7",
                              "BETTER: A",
                              "SCORE: 7 SCORE: 7",
                              "SCORE: 1.2.3",
                              "SCORE: -"}) {
    EXPECT_FALSE(ReadScore(content, {1, 10}).ok()) << content;
  }
}

TEST(JudgeReply, OfAPairSaysWhichIsBetter) {
  EXPECT_EQ(ReadBetter("Both are bad.\nBETTER: A")->value, 1);
  EXPECT_EQ(ReadBetter("BETTER: B")->value, 0);
  EXPECT_EQ(ReadBetter("BETTER: TIE\n")->value, 0.5);
  for (const char* content : {"BETTER: C", "BETTER: a", "BETTER: A.", "A", "BETTER: A\nBETTER: B",
                              "BETTER: A or B", "SCORE: 7"}) {
    EXPECT_FALSE(ReadBetter(content).ok()) << content;
  }
}

TEST(JudgeReply, IsReadAsItsInstructionSays) {
  EXPECT_THAT(
      ScoreInstruction({0, 2.5}),
      HasSubstr("\nSCORE: <number>\nwhere <number> is a number from 0 (worst) to 2.5 (best)"));
  EXPECT_THAT(BetterInstruction(), HasSubstr("\nBETTER: <which>\n"));
  // Told back, the instruction itself is no mark.
  EXPECT_FALSE(ReadScore(ScoreInstruction({1, 10}), {1, 10}).ok());
  EXPECT_TRUE(ReadScore(ScoreInstruction({1, 10}) + "SCORE: 7", {1, 10}).ok());
}

TEST(JudgeReply, IsOneChoiceThatEndedByItself) {
  const auto choice = [](const std::string& inside) { return "{\"choices\": [{" + inside + "}]}"; };
  EXPECT_EQ(*ReadChatCompletion(choice(
                R"("finish_reason": "stop", "message": {"role": "assistant", "content": "yes"})")),
            "yes");
  const std::string bad[] = {
      "",
      "no",
      "[]",
      "{}",
      R"({"choices": 1})",
      R"({"choices": []})",
      R"({"choices": [1]})",
      R"({"choices": [{"finish_reason": "stop", "message": {"content": "a"}},
                      {"finish_reason": "stop", "message": {"content": "b"}}]})",
      choice(R"("message": {"content": "yes"})"),
      choice(R"("finish_reason": "length", "message": {"content": "yes"})"),
      choice(R"("finish_reason": null, "message": {"content": "yes"})"),
      choice(R"("finish_reason": "stop")"),
      choice(R"("finish_reason": "stop", "message": 1)"),
      choice(R"("finish_reason": "stop", "message": {})"),
      choice(R"("finish_reason": "stop", "message": {"content": null})"),
      choice("\"finish_reason\": \"stop\", \"message\": {\"content\": \"\xFF\"}")};
  for (const std::string& json : bad) EXPECT_FALSE(ReadChatCompletion(json).ok()) << json;
}

TEST(BothOrders, OnlyBetterBothTimesWins) {
  const auto both = [](double as_a, double as_b) {
    return VerdictOfBothOrders(Verdict::Graded(as_a), Verdict::Graded(as_b)).value();
  };
  EXPECT_EQ(both(1, 0), 1);
  EXPECT_EQ(both(0, 1), 0);
  EXPECT_EQ(both(1, 1), 0.5);  // always A
  EXPECT_EQ(both(0, 0), 0.5);
  EXPECT_EQ(both(0.5, 0.5), 0.5);
  EXPECT_EQ(both(1, 0.5), 0.5);
  EXPECT_EQ(both(0.5, 1), 0.5);
}

TEST(BothOrders, AMaskMasksAndAFailureFails) {
  const Verdict good = Verdict::Graded(1);
  const Verdict failed = Verdict::Failed(OutcomeReason::kGraderKilled, "");
  const Verdict masked = Verdict::Masked(OutcomeReason::kSaturated, "");
  EXPECT_EQ(VerdictOfBothOrders(good, masked), masked);
  EXPECT_EQ(VerdictOfBothOrders(masked, failed), masked);
  EXPECT_EQ(VerdictOfBothOrders(failed, masked), masked);
  EXPECT_EQ(VerdictOfBothOrders(good, failed), failed);
}

}  // namespace
}  // namespace cohort
