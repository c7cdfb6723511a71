#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "libs/config/scorer_kinds.h"
#include "reward_workers/tool/choice.h"
#include "tests/reward_workers/tool/tool_program.h"

namespace cohort {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(Score, JudgesByEveryKindThatNeedsNoProcess) {
  struct Case {
    std::string words, row;
    double reward;
  };
  const Case cases[] = {
      {"exact", R"({"completion": " 7\n", "answer": "7"})", 1},
      {"exact", R"({"completion": "7", "truth": "7", "reward": 0, "step": 3})", 1},
      {"length --set length_limit=4", R"({"completion": "x", "tokens": [1, 2, 3]})", 0.25},
      {"exact --set span=answer", R"({"completion": "<think>8</think>7", "answer": 7})", 1},
      {"math", R"({"completion": "so it is \\boxed{\\frac{2}{4}}", "answer": "1/2"})", 1},
      {"numeric", R"({"completion": "it is 1,200.0", "answer": "1200"})", 1},
      {"format", R"({"completion": "<think>a</think>7"})", 1},
      {"format --set variant=lenient", R"({"completion": " <think>a</think>7"})", 1},
      {"clean_stop", R"({"completion": "x", "finish": "length"})", 0},
      {"clean_stop", R"({"completion": "x"})", 1},
      {"length --set length_limit=4", R"({"completion": "x", "completion_ids": [1, 2, 3]})", 0.25},
      {"soft_overlong --set length_limit=4 --set length_buffer=2 --set minimum=-1",
       R"({"completion": "x", "completion_ids": [1, 2, 3]})", -0.5},
      {"repetition --set ngram=1 --set weight=-1",
       R"({"completion": "x", "completion_ids": [1, 2, 1, 2]})", -0.5},
      {"language", R"({"completion": "<think>we have seen it</think>7"})", 1},
  };
  std::set<std::string> kinds;
  for (const Case& one : cases) {
    kinds.insert(one.words.substr(0, one.words.find(' ')));
    const ScoreResult result = Score(one.words, {one.row});
    EXPECT_EQ(result.code, 0) << one.words << result.err;
    ASSERT_EQ(result.verdicts.size(), 1u) << one.words << result.err;
    const json& verdict = result.verdicts[0];
    EXPECT_EQ(verdict["reward"], one.reward) << one.words << verdict;
    EXPECT_EQ(verdict["outcome"], "graded") << verdict;
    EXPECT_EQ(verdict["components"].size(), 1u) << verdict;
    EXPECT_TRUE(verdict["reason"].is_string() && verdict["milliseconds"].is_number()) << verdict;
  }
  for (const std::string_view kind : ScorerKinds()) {
    ScorerConfig config;
    config.kind = kind;
    if (kind == "cosine") continue;  // asks another one: below
    EXPECT_TRUE(AsksOutside(config) || kinds.contains(config.kind)) << kind << " has no case here";
  }
}

TEST(Score, SaysOfABadRowWhereAndWhyAndGoesOn) {
  const ScoreResult result = Score(
      "exact", {R"({"completion": "7", "answer": "7"})", "nonsense", "[]", "", R"({"answer": "7"})",
                R"({"completion": 7})", R"({"completion": "7", "finish": "late"})",
                R"({"completion": "7", "completion_ids": [-1]})",
                R"({"completion": "7", "answer": {}})", R"({"completion": "8", "answer": "7"})"});
  EXPECT_EQ(result.code, 1);
  ASSERT_EQ(result.verdicts.size(), 9u);  // the empty line is no row
  EXPECT_EQ(result.verdicts.front()["reward"], 1);
  EXPECT_EQ(result.verdicts.back()["reward"], 0);
  for (size_t i = 1; i < 8; ++i) {
    EXPECT_EQ(result.verdicts[i]["outcome"], "bad_row");
    EXPECT_TRUE(result.verdicts[i]["reward"].is_null());
  }
  EXPECT_THAT(result.err, HasSubstr("line 2: no JSON object in this line"));
  EXPECT_THAT(result.err, HasSubstr("line 5: \"completion\" is missing"));
  EXPECT_THAT(result.err, HasSubstr("line 8: \"completion_ids\" must be a list of tokens"));
}

TEST(Score, SaysWhenTokensAreMissing) {
  const ScoreResult result = Score("length --set length_limit=4", {R"({"completion": "x"})"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("line 1: scorer \"length\" reads tokens"));
}

TEST(Score, AWrongCommandLineIsOneLineWithTheCure) {
  const std::pair<const char*, const char*> cases[] = {
      {"length", "length_limit must be set"},
      {"python", "source must be set"},
      {"nonsense", "is no kind"},
      {"exact --set spam=1", "did you mean scorers.span?"},
      {"exact --set spam", "write --set key=value"},
      {"exact --set weight=heavy", "wrong type"},
      {"exact --set span=all --set span=answer", "is set 2 times"},
      {"exact --scorers.x.weight=1", "needs --config"},
      {"judge --config no.toml", "no.toml"},
  };
  for (const auto& [words, cure] : cases) {
    const ScoreResult result = Score(words, {});
    EXPECT_EQ(result.code, 2) << words;
    EXPECT_THAT(result.err, HasSubstr(cure)) << words;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

TEST(Score, TakesAScorerOfAConfigurationBehindItsGates) {
  const TestFolder folder;
  const std::string file = folder.Write("run.toml", R"(
[[scorers]]
name = "answer"
kind = "numeric"
weight = 2.0
requires = ["format"]
[[scorers]]
name = "format"
kind = "format"
weight = 0.5
)");
  const std::vector<std::string> rows = {R"({"completion": "<think>a</think>7", "answer": "7"})",
                                         R"({"completion": "7", "answer": "7"})"};
  ScoreResult result = Score("answer --config " + file, rows);
  ASSERT_EQ(result.verdicts.size(), 2u) << result.err;
  EXPECT_EQ(result.verdicts[0]["reward"], 2) << result.verdicts[0];  // the gate adds nothing here
  EXPECT_EQ(result.verdicts[0]["components"], json({{"answer", 1.0}, {"format", 1.0}}));
  EXPECT_EQ(result.verdicts[1]["reward"], 0);
  result = Score("answer --config " + file + " --scorers.answer.weight=3", rows);
  EXPECT_EQ(result.verdicts.at(0)["reward"], 3);
  result = Score("answre --config " + file, rows);
  EXPECT_THAT(result.err, HasSubstr("its scorers: answer, format"));
}

TEST(Score, KnowsTheLanguagesOfAConfiguration) {
  const TestFolder folder;
  const std::string text = R"(
[[scorers]]
name = "tests"
kind = "code"
program = "shown"
sandbox = "any"
[[languages]]
name = "shown"
file = "program.txt"
run = ["cat", "program.txt"]
)";
  const std::string file = folder.Write("run.toml", text);
  ScorerWords words;
  words.scorer = {"tests"};
  words.files = {file};
  const Result<ChosenScorer> chosen = ChooseScorer(words);
  ASSERT_TRUE(chosen.ok()) << chosen.status().message();
  ASSERT_EQ(chosen->languages.size(), 1u);
  const std::string unknown = folder.Write("unknown.toml", text.substr(0, text.find("[[lang")));
  EXPECT_THAT(Score("tests --config " + unknown, {}).err, HasSubstr("is no language"));
  if (RunCohort("sandbox run -- /bin/true").code != 0) GTEST_SKIP() << "there is no sandbox here";
  const auto row = [](const std::string& program) {
    return json({{"completion", "```shown\n" + program + "\n```"},
                 {"tests", {{{"stdin", ""}, {"stdout", "7"}}}}})
        .dump();
  };
  const ScoreResult result = Score("tests --config " + file, {row("7"), row("8")});
  ASSERT_EQ(result.verdicts.size(), 2u) << result.err;
  EXPECT_EQ(result.verdicts[0]["reward"], 1) << result.verdicts[0];
  EXPECT_EQ(result.verdicts[1]["reward"], 0) << result.verdicts[1];
}

TEST(Score, AsksFirstWhoKnowsWhatIsRight) {
  const TestFolder folder;
  const std::string file = folder.Write("run.toml", R"([[scorers]]
name = "length"
kind = "cosine"
right_by = "answer"
length_limit = 4
minimum = -1.0
[[scorers]]
name = "answer"
kind = "exact"
)");
  const ScoreResult result =
      Score("length --config " + file,
            {R"({"completion": "7", "answer": "7", "completion_ids": [5, 5]})",
             R"({"completion": "8", "answer": "7", "completion_ids": [5, 5, 5, 5]})"});
  ASSERT_EQ(result.verdicts.size(), 2u) << result.err;
  EXPECT_EQ(result.verdicts[0]["reward"], 0.75) << result.verdicts[0];
  EXPECT_EQ(result.verdicts[1]["reward"], -0.5) << result.verdicts[1];
}

TEST(Score, KeepsTheOrderOfRowsThatAreUnderWayTogether) {
  std::vector<std::string> rows;
  for (int i = 0; i < 10000; ++i) {
    rows.push_back(R"({"completion": ")" + std::to_string(i) + R"(", "answer": "7"})");
  }
  const ScoreResult pure = Score("exact", rows);
  rows.resize(100);
  const ScoreResult delayed = Score("exact --set delay_jitter_seconds=0.2", rows);
  ASSERT_EQ(pure.verdicts.size(), 10000u);
  ASSERT_EQ(delayed.verdicts.size(), 100u) << delayed.err;
  for (const ScoreResult* result : {&pure, &delayed}) {
    for (size_t i = 0; i < result->verdicts.size(); ++i) {
      EXPECT_EQ(result->verdicts[i]["reason"], "answer \"" + std::to_string(i) + "\", gold \"7\"");
    }
  }
}

constexpr char kScorer[] = R"(
import os

def score(completion, answer, prompt, **fields):
    if completion == "crash":
        os._exit(3)
    if completion == "raise":
        raise ValueError("no good")
    if completion == "none":
        return None
    return {"score": completion == answer, "detail": prompt}
)";

TEST(Score, APythonScorerThatCrashesForOneRowCostsNoOther) {
  const TestFolder folder;
  std::vector<std::string> rows;
  const char* completions[] = {"7", "crash", "none", "8", "raise", "7"};
  for (const char* completion : completions) {
    rows.push_back(std::string(R"({"completion": ")") + completion +
                   R"(", "answer": "7", "prompt": "of )" + completion + R"("})");
  }
  const std::string file = folder.Write("judge.py", kScorer);
  const ScoreResult result = Score("python --set source=" + file + " --set processes=2", rows);
  EXPECT_EQ(result.code, 0) << result.err;
  ASSERT_EQ(result.verdicts.size(), 6u) << result.err;
  const auto is = [&](size_t row, const json& reward, const char* outcome) {
    EXPECT_EQ(result.verdicts[row]["reward"], reward) << result.verdicts[row];
    EXPECT_EQ(result.verdicts[row]["outcome"], outcome) << result.verdicts[row];
  };
  is(0, 1, "graded");
  is(1, 0, "grader_killed");
  is(2, nullptr, "not_applicable");
  is(3, 0, "graded");
  is(4, 0, "grader_killed");
  is(5, 1, "graded");
  EXPECT_EQ(result.verdicts[3]["reason"], "of 8");
  EXPECT_THAT(result.verdicts[1]["reason"], HasSubstr("exit code 3"));
  EXPECT_THAT(result.verdicts[4]["reason"], HasSubstr("no good"));
  EXPECT_THAT(result.err, HasSubstr("2 grader_killed"));
  EXPECT_THAT(result.err, HasSubstr("3 crash"));
}

TEST(Score, APythonFileNeedsNoKind) {
  const TestFolder folder;
  const std::string file = folder.Write("judge.py", kScorer);
  const ScoreResult result = Score(file, {R"({"completion": "7", "answer": "7", "prompt": ""})"});
  ASSERT_EQ(result.verdicts.size(), 1u) << result.err;
  EXPECT_EQ(result.verdicts[0]["components"], json({{"judge", 1.0}}));
}

TEST(Score, GivesARowsOtherColumnsToItsScorer) {
  const TestFolder folder;
  const std::string file = folder.Write(
      "judge.py", "def reward(completions, target, **_): return [target[0] == completions[0]]\n");
  const ScoreResult result =
      Score(file, {R"({"completion": "7", "target": "7"})", R"({"completion": "7", "target": "8"})",
                   R"({"completion": "7"})"});
  ASSERT_EQ(result.verdicts.size(), 3u) << result.err;
  EXPECT_EQ(result.verdicts[0]["reward"], 1);
  EXPECT_EQ(result.verdicts[1]["reward"], 0);
  EXPECT_EQ(result.verdicts[2]["outcome"], "task_unsupported");
  EXPECT_THAT(result.verdicts[2]["reason"], HasSubstr("its row has no column \"target\""));
}

TEST(Score, AScorerThatDoesNotStartSaysWhy) {
  const TestFolder folder;
  const ScoreResult result = Score(folder.Write("judge.py", "import nothing_like_this\n"), {});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("nothing_like_this"));
}

TEST(Score, ReadsAPipeAndWritesAFile) {
  const TestFolder folder;
  const std::string out = (folder.path() / "verdicts.jsonl").string();
  const std::string command =
      "(echo '{\"completion\": \"7\", \"answer\": \"7\"}'; echo -n "
      "'{\"completion\": \"8\", \"answer\": \"7\"}') | " +
      CohortBinary() + " score exact --out " + out + " 2> /dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0);
  const std::vector<json> verdicts = Lines(*ReadFile(out));
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[1]["reward"], 0);
}

}  // namespace
}  // namespace cohort
