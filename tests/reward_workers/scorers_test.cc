#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/rng.h"
#include "libs/config/scorer_kinds.h"
#include "libs/scoring/language.h"
#include "reward_workers/score_plans.h"
#include "reward_workers/scorer.h"
#include "tests/libs/protocol/samples.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

// All golds of the data sets; of the table of pairs where they are not there.
std::vector<std::string> GoldAnswers() {
  std::vector<std::string> golds;
  std::ifstream pairs(std::string(std::getenv("COHORT_SOURCE")) + "/tests/libs/math/pairs.tsv");
  for (std::string line; std::getline(pairs, line);) {
    if (!line.empty() && line[0] != '#') golds.push_back(line.substr(0, line.find('\t')));
  }
  const char* data = std::getenv("COHORT_DATA");
  for (const char* name : {"math500.jsonl", "gsm8k_test.jsonl", "gsm8k_train.jsonl"}) {
    std::ifstream rows(std::string(data == nullptr ? "" : data) + "/" + name);
    for (std::string line; std::getline(rows, line);) {
      const std::string answer = nlohmann::json::parse(line).at("answer");
      const size_t mark = answer.find("#### ");
      golds.push_back(mark == std::string::npos ? answer : answer.substr(mark + 5));
    }
  }
  return golds;
}

class Scorers : public ::testing::Test {
 protected:
  ScorerConfig Configured(const std::string& kind, const std::string& span = "all") {
    ScorerConfig config;
    config.name = "judge";
    config.kind = kind;
    config.span = span;
    config.length_limit = 8;
    return config;
  }

  Verdict Judge(const ScorerConfig& config, const std::string& completion,
                const std::string& gold = "7") {
    Rollout rollout = SampleRollout();
    rollout.prompt.truth = gold;
    return Judge(config, completion, rollout);
  }
  Verdict Judge(const ScorerConfig& config, const std::string& completion, const Rollout& rollout) {
    const Result<std::unique_ptr<Scorer>> scorer = MakeScorer(config, {&clock_, &timers_});
    EXPECT_TRUE(scorer.ok()) << scorer.status().ToString();
    std::optional<Verdict> verdict;
    EXPECT_EQ((*scorer)->Start({rollout, completion}, [&](Verdict v) { verdict = v; }), nullptr);
    return verdict.value();
  }

  std::string Refusal(const ScorerConfig& config) {
    return MakeScorer(config, {&clock_, &timers_}).status().message();
  }

  ManualClock clock_;
  TimerQueue timers_;
};

TEST_F(Scorers, ExactWantsTheGoldAnswerAndNothingElse) {
  EXPECT_EQ(Judge(Configured("exact"), " 7\n").value(), 1.0);
  EXPECT_EQ(Judge(Configured("exact"), "it is 7").value(), 0.0);
  EXPECT_EQ(Judge(Configured("exact"), "").value(), 0.0);
  EXPECT_EQ(Judge(Configured("exact", "answer"), "<think>8</think>7").value(), 1.0);
  EXPECT_EQ(Judge(Configured("exact", "reasoning"), "<think>7</think>8").value(), 1.0);
}

TEST_F(Scorers, ExactFindsNoAnswerInsideTheReasoning) {
  for (const char* completion : {"7", "<think>7", "<think>7</think>", "<think>7</think> "}) {
    const Verdict verdict = Judge(Configured("exact", "answer"), completion);
    EXPECT_EQ(verdict.value(), 0.0) << completion;
  }
  EXPECT_EQ(Judge(Configured("exact", "answer"), "7").reason(), OutcomeReason::kUnparseable);
}

TEST_F(Scorers, NumericWantsTheRightLastNumber) {
  EXPECT_EQ(Judge(Configured("numeric"), "3 + 4 = 7.").value(), 1.0);
  EXPECT_EQ(Judge(Configured("numeric"), "7 or 8").value(), 0.0);
  EXPECT_EQ(Judge(Configured("numeric"), "1,200.0", "1200").value(), 1.0);
  EXPECT_EQ(Judge(Configured("numeric"), "none").reason(), OutcomeReason::kUnparseable);
  EXPECT_EQ(Judge(Configured("numeric", "answer"), "<think>8</think>it is 7").value(), 1.0);
  EXPECT_EQ(Judge(Configured("numeric", "answer"), "it is 7").reason(),
            OutcomeReason::kUnparseable);
}

TEST_F(Scorers, MathWantsTheGoldAnswersValue) {
  EXPECT_EQ(Judge(Configured("math"), "so it is $\\boxed{\\frac{14}{2}}$.").value(), 1.0);
  EXPECT_EQ(Judge(Configured("math"), "The answer is 7.").value(), 1.0);
  EXPECT_EQ(Judge(Configured("math"), "\\boxed{7}, or rather \\boxed{8}").value(), 0.0);
  const Verdict wrong = Judge(Configured("math"), "\\boxed{8}");
  EXPECT_EQ(wrong.reason(), OutcomeReason::kGraded);
  EXPECT_EQ(wrong.value(), 0.0);
  EXPECT_EQ(wrong.detail(), "answer \"8\", gold \"7\": different");
}

TEST_F(Scorers, MathReadsTheSpanOnly) {
  const char* completion = "<think>\\boxed{7}</think>The answer is 8.";
  EXPECT_EQ(Judge(Configured("math", "answer"), completion).value(), 0.0);
  EXPECT_EQ(Judge(Configured("math", "reasoning"), completion).value(), 1.0);
  EXPECT_EQ(Judge(Configured("math", ""), completion).value(), 1.0);
  const Verdict none = Judge(Configured("math", "answer"), "<think>\\boxed{7}");
  EXPECT_EQ(none.reason(), OutcomeReason::kUnparseable);
  EXPECT_EQ(none.detail(), "there is no answer after </think>");
}

TEST_F(Scorers, MathSaysWhyAnAnswerIsNotJudged) {
  const struct {
    const char* completion;
    OutcomeReason reason;
    const char* detail;
  } cases[] = {
      {"I do not know how one could find it.", OutcomeReason::kUnparseable,
       "no answer in \"I do not know how one could find it.\""},
      {"\\boxed{7 or so}", OutcomeReason::kUnparseable,
       "answer \"7 or so\", gold \"7\": unparsed: \"so\" where it does not belong"},
      {"\\boxed{\\int_0^7 dx}", OutcomeReason::kOutsideBudget,
       "answer \"\\int_0^7 dx\", gold \"7\": unsupported: \\int is not computed"},
  };
  for (const auto& c : cases) {
    const Verdict verdict = Judge(Configured("math"), c.completion);
    EXPECT_EQ(verdict.reason(), c.reason) << c.completion;
    EXPECT_EQ(verdict.value(), 0.0) << c.completion;
    EXPECT_EQ(verdict.detail(), c.detail);
  }
  const Verdict long_one = Judge(Configured("math"), "\\boxed{" + std::string(5000, '7') + "}");
  EXPECT_EQ(long_one.reason(), OutcomeReason::kOutsideBudget);
  EXPECT_THAT(long_one.detail(), HasSubstr("too_costly: the answer is longer than 4096 bytes"));
}

TEST_F(Scorers, MathMasksAGoldAnswerThatCannotBeRead) {
  for (const char* completion : {"\\boxed{7}", "no answer at all is to be found here", ""}) {
    const Verdict verdict = Judge(Configured("math", "answer"), completion, "7 +");
    EXPECT_EQ(verdict.reason(), OutcomeReason::kGoldInvalid) << completion;
    EXPECT_EQ(verdict.detail(), "the gold answer \"7 +\" cannot be read: it ends too early");
  }
}

TEST_F(Scorers, AGoldAnswerThatIsNoneMasks) {
  EXPECT_EQ(Judge(Configured("numeric"), "7", "seven").reason(), OutcomeReason::kGoldInvalid);
  EXPECT_EQ(Judge(Configured("numeric"), "none", "").reason(), OutcomeReason::kGoldInvalid);
  EXPECT_EQ(Judge(Configured("exact"), "", " ").reason(), OutcomeReason::kGoldInvalid);
}

TEST_F(Scorers, FormatSaysWhatIsWrong) {
  EXPECT_EQ(Judge(Configured("format"), "<think>a</think>7").value(), 1.0);
  EXPECT_EQ(Judge(Configured("format"), "<think>a</think>7").value(), 1.0);
  EXPECT_EQ(Judge(Configured("format"), "<think></think>7").detail(), "the reasoning is empty");
  const Verdict verdict = Judge(Configured("format"), "7");
  EXPECT_EQ(verdict.value(), 0.0);
  EXPECT_EQ(verdict.reason(), OutcomeReason::kGraded);
  EXPECT_EQ(verdict.detail(), "it does not start with <think>");
}

TEST_F(Scorers, FormatHasLooserVariants) {
  ScorerConfig format = Configured("format");
  const char* spaced = " <think>a</think>7";
  const char* tags = "<think>\na\n</think>\n7";
  EXPECT_EQ(Judge(format, spaced).value(), 0.0);
  EXPECT_EQ(Judge(format, tags).value(), 1.0);
  format.variant = "strict_or_empty";
  EXPECT_EQ(Judge(format, "<think></think>7").value(), 1.0);
  EXPECT_EQ(Judge(format, spaced).value(), 0.0);
  format.variant = "lenient";
  EXPECT_EQ(Judge(format, spaced).value(), 1.0);
  EXPECT_EQ(Judge(format, "7").detail(), "it does not start with <think>");
  format.variant = "tags";
  EXPECT_EQ(Judge(format, spaced).value(), 0.0);
  EXPECT_EQ(Judge(format, tags).value(), 0.5);
}

TEST_F(Scorers, LanguageReadsTheReasoning) {
  ScorerConfig language = Configured("language", "");
  EXPECT_EQ(Judge(language, "<think>we have 苹果</think>答案").value(), 2.0 / 3);
  language.language = "zh";
  EXPECT_EQ(Judge(language, "<think>we have 苹果</think>答案").value(), 1.0 / 3);
  language.span = "answer";
  EXPECT_EQ(Judge(language, "<think>we have 苹果</think>苹果").value(), 1.0);
}

TEST_F(Scorers, LanguageGivesNothingForSilence) {
  const struct {
    const char* completion;
    const char* detail;
  } cases[] = {{"7", "there is no reasoning"},
               {"<think></think>7", "no word to judge in \"\""},
               {"<think>$3 + 4 = 7$</think>7", "no word to judge in \"$3 + 4 = 7$\""}};
  for (const auto& c : cases) {
    const Verdict verdict = Judge(Configured("language", ""), c.completion);
    EXPECT_EQ(verdict.reason(), OutcomeReason::kUnparseable) << c.completion;
    EXPECT_EQ(verdict.value(), 0.0) << c.completion;
    EXPECT_EQ(verdict.detail(), c.detail);
  }
}

TEST_F(Scorers, LanguageKnowsEveryLanguageOfTheConfiguration) {
  EXPECT_EQ(ScorerLanguages(), TargetLanguages());
}

TEST_F(Scorers, CleanStopAndLengthReadTheRollout) {
  Rollout rollout = SampleRollout();  // 4 tokens, stopped
  EXPECT_EQ(Judge(Configured("clean_stop"), "", rollout).value(), 1.0);
  EXPECT_EQ(Judge(Configured("length"), "", rollout).value(), 0.5);
  rollout.finish = FinishReason::kLength;
  EXPECT_EQ(Judge(Configured("clean_stop"), "", rollout).value(), 0.0);
}

TEST_F(Scorers, SoftOverlongAndRepetitionReadTheTokens) {
  Rollout rollout = SampleRollout();
  ScorerConfig overlong = Configured("soft_overlong");
  overlong.length_buffer = 4;
  rollout.tokens = {5, 6, 5, 6, 5, 6};
  EXPECT_EQ(Judge(overlong, "", rollout).value(), -0.5) << "6 of 8 tokens, the last 4 punished";
  ScorerConfig repetition = Configured("repetition");
  repetition.ngram = 2;
  EXPECT_EQ(Judge(repetition, "", rollout).value(), 0.6) << "56 65 56 65 56";
}

TEST_F(Scorers, AConfigurationThatIsWrongIsRefusedByItsKey) {
  EXPECT_THAT(Refusal(Configured("magic")), HasSubstr("scorers.judge.kind: \"magic\" is unknown"));
  EXPECT_THAT(Refusal(Configured("exact", "half")), HasSubstr("scorers.judge.span"));
  ScorerConfig length = Configured("length");
  length.length_limit = 0;
  EXPECT_THAT(Refusal(length), HasSubstr("scorers.judge.length_limit"));
  ScorerConfig overlong = Configured("soft_overlong");
  overlong.length_buffer = -1;
  EXPECT_THAT(Refusal(overlong), HasSubstr("scorers.judge.length_buffer"));
  ScorerConfig repetition = Configured("repetition");
  repetition.ngram = 0;
  EXPECT_THAT(Refusal(repetition), HasSubstr("scorers.judge.ngram"));
  ScorerConfig format = Configured("format");
  format.variant = "loose";
  EXPECT_THAT(Refusal(format), HasSubstr("scorers.judge.variant"));
  ScorerConfig language = Configured("language");
  language.language = "xx";
  EXPECT_THAT(Refusal(language), HasSubstr("scorers.judge.language"));
  ScorerConfig delayed = Configured("exact");
  delayed.delay_seconds = -1;
  EXPECT_THAT(Refusal(delayed), HasSubstr("scorers.judge.delay_seconds"));
}

TEST_F(Scorers, ListsThatDoNotComposeAreRefusedAtTheStart) {
  Config config;
  ScorerConfig scorer = Configured("exact");
  scorer.passes = true;
  config.scorers = {scorer};
  RouteConfig route;
  route.name = "main";
  route.scorers = {"judge", "jury"};
  config.routes = {route};
  const auto refusal = [&] {
    return ScorePlans::Create(config, {&clock_, &timers_}).status().message();
  };
  EXPECT_THAT(refusal(), HasSubstr("routes.main.scorers: scorer \"jury\" is not in"));
  config.routes[0].scorers = {"judge"};
  EXPECT_EQ(refusal(), "");
  config.evaluation.scorers = {"jury"};
  EXPECT_THAT(refusal(), HasSubstr("evaluation.scorers: scorer \"jury\""));
}

TEST_F(Scorers, CosineKnowsWhatIsRight) {
  ScorerConfig config = Configured("cosine");
  config.length_limit = 8;
  const auto scorer = MakeScorer(config, {&clock_, &timers_});
  ASSERT_TRUE(scorer.ok()) << scorer.status().ToString();
  Rollout rollout = SampleRollout();
  const auto value = [&](size_t tokens, bool right) {
    rollout.tokens.assign(tokens, 5);
    double given = 7;
    (*scorer)->Start({rollout, "", right}, [&](Verdict verdict) { given = *verdict.value(); });
    return given;
  };
  EXPECT_DOUBLE_EQ(value(0, true), 1.0);
  EXPECT_DOUBLE_EQ(value(4, true), 0.75);
  EXPECT_DOUBLE_EQ(value(8, true), 0.5);
  EXPECT_DOUBLE_EQ(value(80, true), 0.5);
  EXPECT_DOUBLE_EQ(value(0, false), -1.0);
  EXPECT_DOUBLE_EQ(value(4, false), -0.75);
  EXPECT_DOUBLE_EQ(value(8, false), -0.5);
}

TEST_F(Scorers, NoTextLeavesAVerdictWithoutAReason) {
  const std::vector<std::string> pieces = {
      "<think>", "</think>", "<answer>", "</answer>", "7",    "-", ",",        ".", "\\boxed{",
      "}",       "\n",       "\xff",     "\xE2\x82",  "the ", "9", "\x00\x01", "∞", "<|im_end|>"};
  std::vector<std::unique_ptr<Scorer>> scorers;
  const std::vector<std::string_view> outside = OutsideKinds();  // they have tests of their own
  for (const std::string_view kind : ScorerKinds()) {
    if (std::find(outside.begin(), outside.end(), kind) != outside.end()) continue;
    for (const char* span : {"all", "answer", "reasoning"}) {
      scorers.push_back(*MakeScorer(Configured(std::string(kind), span), {&clock_, &timers_}));
    }
  }
  const std::vector<std::string> golds = GoldAnswers();
  Rng rng(9);
  Rollout rollout = SampleRollout();
  const int golds_in_turn = static_cast<int>(golds.size());
  for (int round = 0; round < 10'000 + golds_in_turn; ++round) {
    std::string text;
    if (round < golds_in_turn) text = golds[static_cast<size_t>(round)];
    for (uint64_t n = rng.Below(40); n > 0; --n) text += pieces[rng.Below(pieces.size())];
    if (rng.Below(4) == 0) text += "\\boxed{" + golds[rng.Below(golds.size())] + "}";
    rollout.prompt.truth = rng.Below(4) == 0   ? text
                           : rng.Below(2) == 0 ? golds[rng.Below(golds.size())]
                                               : std::to_string(rng.Below(100));
    for (const auto& scorer : scorers) {
      int answers = 0;
      scorer->Start({rollout, text}, [&](Verdict verdict) {
        ++answers;
        ASSERT_TRUE(OutcomeReasonFromNumber(static_cast<uint16_t>(verdict.reason())).ok());
        ASSERT_EQ(verdict.value().has_value(), verdict.scored());
        ASSERT_EQ(verdict.detail().find('\n'), std::string::npos);
      });
      ASSERT_EQ(answers, 1);
    }
  }
}

}  // namespace
}  // namespace cohort
