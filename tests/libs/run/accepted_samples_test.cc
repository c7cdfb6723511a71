#include "libs/run/accepted_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "libs/base/rng.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Row r of every file asks "q<r>" and is answered "a<r>"; a chat template stands around the
// question. Row 1 has a system message before it.
class FakeSource : public SampleSource {
 public:
  Result<Row> Find(const SampleOrigin& origin) override {
    if (origin.row >= 100) return InvalidArgument("no such row");
    const std::string number = std::to_string(origin.row);
    Row row;
    row.row.row = origin.row;
    row.row.id = origin.row == 2 ? "two" : "";
    row.row.answer = "a" + number;
    if (origin.row == 1) row.row.messages.push_back({"system", "be brief"});
    row.row.messages.push_back({"user", "q" + number});
    row.text = "<user>q" + number + "<assistant>";
    row.place = "data.jsonl:" + std::to_string(origin.row + 1);
    return row;
  }
  bool Repeats(const std::string& completion) override {
    return completion.find("<end>") == std::string::npos;
  }
};

json Sample(uint64_t row, const std::string& completion, double reward = 1) {
  static int count = 0;
  const std::string number = std::to_string(row);
  return {{"id", "1/" + number + "/" + std::to_string(1000 + count++)},
          {"row", row},
          {"purpose", "train"},
          {"route", "main"},
          {"stage_index", 1},
          {"step", 3},
          {"version", 4},
          {"versions", {{4, 2}}},
          {"prompt", "<user>q" + number + "<assistant>"},
          {"truth", "a" + number},
          {"completion", completion},
          {"reward", reward},
          {"correct", reward >= 1},
          {"components", {{"tests", reward}}},
          {"outcome", "graded"},
          {"finish", "stop"},
          {"tokens", {5, 6}},
          {"worker", "w"}};
}

json With(json sample, const char* key, json value) {
  sample[key] = std::move(value);
  return sample;
}

Result<AcceptedSamples::Demonstrations> Accept(const std::vector<json>& samples,
                                               const AcceptanceRules& rules = {.right = true}) {
  AcceptedSamples accepted(rules);
  for (const json& sample : samples) accepted.Consider(sample);
  FakeSource source;
  return accepted.Finish(source);
}

std::vector<json> Lines(const std::string& text) {
  std::vector<json> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    lines.push_back(json::parse(text.substr(at, end - at)));
    at = end + 1;
  }
  return lines;
}

std::vector<std::string> Completions(const std::string& text) {
  std::vector<std::string> completions;
  for (const json& line : Lines(text)) completions.push_back(line.value("completion", "messages"));
  return completions;
}

TEST(AcceptedSamples, WriteTheRowsOwnConversationWithWhereTheAnswerComesFrom) {
  const auto result = Accept({With(Sample(2, "right"), "evidence", "3 of 3 tests pass")});
  ASSERT_TRUE(result.ok()) << result.status().message();
  const std::vector<json> lines = Lines(result->lines);
  ASSERT_EQ(lines.size(), 1u);
  json expected = Sample(2, "right");
  for (const char* key : {"truth", "outcome", "finish", "tokens", "worker"}) expected.erase(key);
  expected["id"] = lines[0]["id"];
  expected["prompt"] = "q2";
  expected["row_id"] = "two";
  expected["evidence"] = "3 of 3 tests pass";
  EXPECT_EQ(lines[0], expected);
}

TEST(AcceptedSamples, AreDemonstrations) {
  const auto result = Accept({Sample(0, "from a prompt"), Sample(1, "from messages")});
  ASSERT_TRUE(result.ok()) << result.status().message();
  const TestFolder folder;
  const auto rows = ReadDemonstrationFile(folder.Write("sft.jsonl", result->lines));
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_THAT((*rows)[0].messages, ElementsAre(PromptMessage{"user", "q0"}));
  EXPECT_EQ((*rows)[0].completion, "from a prompt");
  EXPECT_THAT((*rows)[1].messages,
              ElementsAre(PromptMessage{"system", "be brief"}, PromptMessage{"user", "q1"}));
  EXPECT_EQ((*rows)[1].completion, "from messages");
}

TEST(AcceptedSamples, LeaveOutWhatIsWrongCutOffEmptyOrWithoutAGrade) {
  const auto result = Accept({Sample(0, "kept"), Sample(0, "wrong", 0.5),
                              With(Sample(0, "masked"), "reward", nullptr),
                              With(Sample(0, "killed"), "outcome", "grader_killed"),
                              With(Sample(0, "cut"), "finish", "length"), Sample(0, ""),
                              Sample(0, "has <end> in it"), Sample(3, "wrong too", 0)});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_THAT(Completions(result->lines), ElementsAre("kept"));
  const AcceptanceReport& report = result->report;
  EXPECT_EQ(report.samples, 8);
  EXPECT_EQ(report.accepted, 1);
  EXPECT_EQ(report.rejected, 4);
  EXPECT_EQ(report.cut_off, 1);
  EXPECT_EQ(report.unfit, 2);
  EXPECT_EQ(report.prompts, 2);
  EXPECT_EQ(report.prompts_accepted, 1);
}

TEST(AcceptedSamples, RejectRowsWithPartsMissingOrOfAnotherType) {
  std::vector<json> samples = {Sample(0, "kept"), json::object()};
  for (const char* key : {"id", "row", "purpose", "route", "prompt", "truth", "completion",
                          "reward", "correct", "outcome", "finish"}) {
    samples.push_back(With(Sample(0, key), key, json::array({1})));
    samples.push_back(Sample(0, key));
    samples.back().erase(key);
  }
  samples.push_back(With(Sample(0, "row below 0"), "row", -1));
  const auto result = Accept(samples);
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_THAT(Completions(result->lines), ElementsAre("kept"));
  EXPECT_EQ(result->report.rejected, static_cast<int64_t>(samples.size()) - 1);
}

TEST(AcceptedSamples, WriteTheSameAnswerToTheSameRowOnce) {
  const auto result =
      Accept({Sample(0, "x"), Sample(0, "x"), Sample(0, "x "), Sample(3, "x"),
              With(Sample(0, "x"), "step", 9), With(Sample(0, "x"), "purpose", "eval")});
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->report.duplicates, 2);
  EXPECT_EQ(result->report.accepted, 4);  // row 0 of the evaluation's file is another one
}

TEST(AcceptedSamples, ARewardCanBeTheOnlyRule) {
  const auto result = Accept({Sample(0, "poor", 0.4), Sample(0, "fair", 0.5)}, {.min_reward = 0.5});
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(Completions(result->lines), ElementsAre("fair"));
}

TEST(AcceptedSamples, KeepTheHighestRewardsOfAPrompt) {
  const auto result = Accept({Sample(0, "low", 1.1), Sample(0, "high", 1.9), Sample(0, "high", 1.9),
                              Sample(0, "middle", 1.5), Sample(3, "low", 1.1)},
                             {.right = true, .per_prompt = 2});
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(Completions(result->lines), ElementsAre("high", "middle", "low"));
  EXPECT_EQ(result->report.surplus, 1);
  EXPECT_EQ(result->report.duplicates, 1);
  EXPECT_EQ(result->report.prompts_accepted, 2);
}

TEST(AcceptedSamples, ComeInTheSameOrderInWhateverOrderTheyWereDrawn) {
  std::vector<json> samples;
  for (uint64_t row : {7, 0, 3, 1}) {
    for (const char* completion : {"b", "a", "c", "a"}) {
      samples.push_back(Sample(row, completion, row == 3 ? 2 : 1));
    }
  }
  const AcceptanceRules rules{.right = true, .per_prompt = 2};
  const std::string first = Accept(samples, rules)->lines;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (size_t i = samples.size(); i > 1; --i) {
      std::swap(samples[i - 1], samples[RandomAt({seed, i}) % i]);
    }
    EXPECT_EQ(Accept(samples, rules)->lines, first) << seed;
  }
}

TEST(AcceptedSamples, RefuseDataThatHasChangedSinceTheRun) {
  const auto prompt = Accept({With(Sample(5, "x"), "prompt", "<user>older q5<assistant>")});
  EXPECT_EQ(prompt.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(prompt.status().message(), AllOf(HasSubstr("data.jsonl:6 has another prompt"),
                                               HasSubstr("changed since the run")));
  const auto answer = Accept({With(Sample(5, "x"), "truth", "a4")});
  EXPECT_THAT(answer.status().message(), HasSubstr("data.jsonl:6 has another answer"));
  EXPECT_EQ(Accept({Sample(100, "x")}).status().message(), "no such row");
  // Rows of which nothing is accepted are not looked for.
  EXPECT_TRUE(Accept({Sample(100, "x", 0), Sample(0, "x")}).ok());
}

}  // namespace
}  // namespace cohort
