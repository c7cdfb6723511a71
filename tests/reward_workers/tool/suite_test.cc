#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reward_workers/tool/tool_program.h"

namespace cohort {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

// `cohort scorer test` of a Python function with this body.
ProgramResult RunSuite(const std::string& body, const std::string& words = "") {
  const TestFolder folder;
  const std::string file = folder.Write(
      "judge.py", "import os, random, time\n\ndef score(completion, answer, **fields):\n" + body);
  folder.Write("judge.jsonl", R"({"completion": "7", "answer": "7", "expected": 1})"
                              "\n"
                              R"({"completion": "8", "answer": "7", "expected": 0})"
                              "\n");
  return RunCohort("scorer test " + file + " " + words);
}

TEST(ScorerSuite, PassesAGoodOne) {
  const ProgramResult result = RunSuite("    return completion == answer\n");
  EXPECT_EQ(result.code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("PASS  line 2: 0"));
  EXPECT_THAT(result.out, HasSubstr(" checks, 0 failed"));
}

TEST(ScorerSuite, FailsEachFaultByName) {
  const std::pair<const char*, const char*> faults[] = {
      {"    return 0.5\n", "FAIL  line 1: 0.5; expected 1"},
      {"    return random.random()\n", "FAIL  says the same again"},
      {"    return int(completion == answer) or 1 / len(completion) - 1 / len(completion)\n",
       "FAIL  stands an empty completion: .*ZeroDivisionError"},
      {"    return float('nan') if '\\0' in completion else completion == answer\n",
       "FAIL  stands zero bytes: .*nan"},
      {"    os._exit(3) if len(completion) > 1000000 else None\n    return completion == answer\n",
       "FAIL  stands a completion of 1 MiB: .*exit code 3"},
  };
  for (const auto& [body, finding] : faults) {
    const ProgramResult result = RunSuite(body);
    EXPECT_EQ(result.code, 1) << body;
    EXPECT_THAT(result.out, ContainsRegex(finding)) << body;
  }
}

TEST(ScorerSuite, FailsOneThatIsLate) {
  const ProgramResult result = RunSuite(
      "    time.sleep(60 if not answer else 0)\n    return completion == answer\n", "--limit 0.3");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, ContainsRegex("FAIL  stands an empty answer: .*timeout"));
  EXPECT_THAT(result.out, ContainsRegex("FAIL  answers in time"));
}

TEST(ScorerSuite, FailsOneThatAnswersTwice) {
  const TestFolder folder;
  const std::string program = folder.Write("twice.py", R"(
import json, struct, sys

def send(message):
    body = json.dumps(message).encode()
    sys.stdout.buffer.write(struct.pack("<I", len(body)) + body)
    sys.stdout.buffer.flush()

send({"type": "ready", "protocol": 1, "version": "1"})
while head := sys.stdin.buffer.read(4):
    task = json.loads(sys.stdin.buffer.read(struct.unpack("<I", head)[0]))
    for _ in range(2):
        send({"type": "verdict", "id": task["id"], "value": 1})
)");
  const ProgramResult result = RunCohort("scorer test -- python3 " + program);
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("FAIL  says nothing unasked"));
  EXPECT_THAT(result.out, HasSubstr(", 1 failed"));
}

TEST(ScorerSuite, FailsOneThatDoesNotStart) {
  const ProgramResult result = RunCohort("scorer test -- /bin/false --quickly");
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("FAIL  starts"));
}

TEST(ScorerSuite, IsTheSameForKindsOfTheWorkersOwn) {
  const ProgramResult result = RunCohort("scorer test exact");
  EXPECT_THAT(result.out, HasSubstr("PASS  stands zero bytes"));
}

TEST(ScorerBench, TimesOneAndMany) {
  const TestFolder folder;
  const std::string rows = folder.Write("rows.jsonl", R"({"completion": "7", "answer": "7"})");
  const std::string file =
      folder.Write("judge.py", "def score(completion, answer):\n    return completion == answer\n");
  const ProgramResult result =
      RunCohort("scorer bench " + file + " --rows " + rows + " --seconds 0.2 --processes 2");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, ContainsRegex("processes +rows/s +p50 ms +p99 ms\n +1 .*\n +2 "));
}

}  // namespace
}  // namespace cohort
