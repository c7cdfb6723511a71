// status, samples and report on run directories made by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/run/run_directory.h"
#include "libs/telemetry/process_telemetry.h"
#include "libs/telemetry/status_report.h"
#include "tests/cli/cohort_program.h"

namespace cohort {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kMetrics[] =
    R"({"kind":"stage","stage":"sft","event":"begin","stage_index":0,"steps":2,"time":100}
{"kind":"sft","stage":"sft","stage_index":0,"step":2,"loss":1.0,"time":110}
{"kind":"evaluation","stage":"grpo","stage_index":1,"step":0,"pass_at_1":0.25,"stderr":0.03,"length":8.0,"samples":4,"time":120}
{"kind":"step","stage":"grpo","stage_index":1,"step":1,"reward":0.3,"correct":0.2,"length":9,"time":130}
{"kind":"step","stage":"grpo","stage_index":1,"step":2,"reward":0.9,"correct":0.9,"length":30,"time":135}
{"kind":"evaluation","stage":"grpo","stage_index":1,"step":2,"pass_at_1":0.1,"stderr":0.03,"length":99.0,"samples":4,"time":136}
{"kind":"resumed","stage":"grpo","stage_index":1,"step":1,"version":3,"time":140}
{"kind":"step","stage":"grpo","stage_index":1,"step":2,"reward":0.5,"correct":0.4,"length":12,"time":150}
{"kind":"evaluation","stage":"grpo","stage_index":1,"step":2,"pass_at_1":0.75,"stderr":0.02,"length":20.0,"samples":4,"time":160}
{"kind":"done","time":161}
{"kind":"torn)";

constexpr char kSamples[] =
    R"({"step":0,"purpose":"eval","row":0,"sample":0,"route":"main","prompt":"p0","completion":"early","length":3,"correct":false,"reward":0.0,"components":{"answer":0},"evaluation":{"stage_index":1,"step":0}}
{"step":1,"purpose":"train","row":7,"sample":2,"route":"slow","prompt":"two\nlines","completion":"mid\u001b[2J","length":4,"correct":true,"reward":1.1,"components":{"answer":1,"format":1},"outcome":"graded","finish":"stop","versions":[[3,2],[4,2]],"end":"trained"}
{"step":"x","correct":"y"}
{"step":2,"purpose":"eval","row":0,"sample":0,"route":"main","prompt":"p0","completion":"late","length":3,"correct":true,"reward":1.0,"evaluation":{"stage_index":1,"step":2}}
)";

class ReadingTest : public ::testing::Test {
 protected:
  ReadingTest() {
    EXPECT_TRUE(RunDirectory::Prepare(folder_.path()).ok());
    folder_.Write("metrics.jsonl", kMetrics);
    folder_.Write("samples.jsonl", kSamples);
  }
  std::string run() const { return folder_.path().string(); }
  TestFolder folder_;
};

TEST_F(ReadingTest, ReportEndsWithTheVerdict) {
  const ProgramResult result = RunCohort("report " + run() + " --name demo --seconds 42");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("curve " + run() + "/curve.svg\n"));
  EXPECT_THAT(result.out,
              EndsWith("demo demo before=0.2500 after=0.7500 length_ratio=2.50 seconds=42\n"));
  EXPECT_THAT(result.out, AllOf(HasSubstr("❮ early"), HasSubstr("❮ late")));
  const std::string svg = *ReadFile(run() + "/curve.svg");
  EXPECT_THAT(svg, HasSubstr("pass@1, held out"));
  EXPECT_THAT(RunCohort("report " + run()).out, HasSubstr("seconds=61\n"));
}

TEST_F(ReadingTest, ReportFailsInOneLineForEachBoundThatIsMissed) {
  const std::string report = "report " + run() + " --name x ";
  EXPECT_EQ(RunCohort(report + "--require-before-at-most .25 --require-after-at-least .75 "
                               "--require-length-ratio-at-least 2.5")
                .code,
            0);
  const ProgramResult missed = RunCohort(report +
                                         "--require-before-at-most .2 --require-after-at-least .8 "
                                         "--require-length-ratio-at-least 3");
  EXPECT_EQ(missed.code, 1);
  EXPECT_EQ(missed.err,
            "cohort: x: pass@1 before is 0.2500, wanted at most 0.2000\n"
            "cohort: x: pass@1 after is 0.7500, wanted at least 0.8000\n"
            "cohort: x: length ratio is 2.5000, wanted at least 3.0000\n");
  EXPECT_THAT(missed.out, HasSubstr("demo x before=0.2500"));
}

TEST_F(ReadingTest, ReportSaysWhatIsMissing) {
  folder_.Write("metrics.jsonl", "{\"kind\":\"sft\"}\n");
  const ProgramResult result = RunCohort("report " + run());
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("has no evaluation of a grpo stage"));
  EXPECT_EQ(RunCohort("report no/such/run").code, 2);
}

TEST_F(ReadingTest, SamplesAreReadable) {
  const ProgramResult result = RunCohort("samples " + run() + " --step 1");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "── train · step 1 · route slow · row 7 · sample 2 · trained ──\n"
            "  ❯ two\n  ❯ lines\n"
            "  ❮ mid\\x1b[2J\n"
            "  reward 1.100 (answer 1, format 1) · right · graded\n"
            "  4 tokens · stop · drawn by version 3 × 2 version 4 × 2\n\n");
}

TEST_F(ReadingTest, SamplesAreChosen) {
  const std::string samples = "samples " + run() + " ";
  EXPECT_THAT(RunCohort(samples + "--before").out,
              AllOf(HasSubstr("early"), Not(HasSubstr("late"))));
  EXPECT_THAT(RunCohort(samples + "--after").out,
              AllOf(HasSubstr("late"), Not(HasSubstr("early"))));
  EXPECT_THAT(RunCohort(samples + "--wrong").out,
              AllOf(HasSubstr("early"), Not(HasSubstr("late"))));
  EXPECT_THAT(RunCohort(samples + "--right --last 1").out,
              AllOf(HasSubstr("late"), Not(HasSubstr("mid"))));
  EXPECT_THAT(RunCohort(samples + "--route slow").out, HasSubstr("mid"));
  EXPECT_THAT(RunCohort(samples + "--route slow --json").out, HasSubstr("\"versions\":[[3,2]"));
  const ProgramResult none = RunCohort(samples + "--step 99");
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("no rows that fit"));
  EXPECT_EQ(RunCohort(samples + "--right --wrong").code, 2);
}

TEST_F(ReadingTest, StatusSaysWhoWaitsForWhatAndWhoDoesNotAnswer) {
  auto telemetry = ProcessTelemetry::Start(
      {.role = "broker", .instance = "broker", .run_directory = folder_.path()});
  ASSERT_TRUE(telemetry.ok());
  (*telemetry)->health().SetStatus([] {
    StatusReport report;
    report.state = "serving 3 peers";
    report.waiting = {{"scores of route slow", 75, "9f/1/42/0"}};
    QueueStatus queue;
    queue.name = "prompts.main";
    queue.ready = 7;
    queue.oldest_age_seconds = 12;
    queue.waits_for = "a consumer with credit";
    queue.waits_since_seconds = 3;
    QueueStatus rollouts;
    rollouts.name = "rollouts.main";
    rollouts.leased = 1;
    rollouts.phase = "testing \x1b[2J";
    rollouts.phase_since_seconds = 250;
    rollouts.phase_of = "9f/1/42/3";
    report.queues = {queue, rollouts};
    report.ledger = {{"issued", 10}, {"pending", 10}};
    RouteStatus route;
    route.name = "slow";
    route.share = 4;
    route.pending = 240;
    route.ready = 3;
    route.ends = {{"stale", 15}, {"trained", 180}, {"expired", 5}};
    route.age_seconds = {{"queue", 1}, {"generation", 2}, {"reward", 75}, {"assembly", 3}};
    route.age_publications = 62.5;
    report.routes = {route};
    report.figures = {{"version", 12}};
    return report.ToJson();
  });
  const ProgramResult good = RunCohort("status " + run());
  EXPECT_EQ(good.code, 0) << good.out;
  EXPECT_THAT(good.out, HasSubstr("serving 3 peers  version 12"));
  EXPECT_THAT(good.out, HasSubstr("waits for scores of route slow since 75 s, id 9f/1/42/0"));
  EXPECT_THAT(good.out, HasSubstr("prompts.main"));
  EXPECT_THAT(good.out, HasSubstr("a consumer with credit since 3.0 s"));
  EXPECT_THAT(good.out, HasSubstr("  9f/1/42/3: testing \\x1b[2J since 4 min 10 s\n"));
  EXPECT_THAT(good.out, HasSubstr("ledger:  issued 10  pending 10"));
  EXPECT_THAT(good.out, HasSubstr("route slow: 240 under way, 3 of them ready, at most 4 a step; "
                                  "trained 90.0 % (180), stale 7.5 % (15), expired 2.5 % (5)"));
  EXPECT_THAT(good.out, HasSubstr("age 62.5 publications, 81 s: queue 1.0 s, generation 2.0 s, "
                                  "reward 75 s, assembly 3.0 s"));

  ASSERT_TRUE(WriteProcessEndpoint(folder_.path() / "endpoints",
                                   {"actor-1", "actor", 99999999, "http://127.0.0.1:1"})
                  .ok());
  const ProgramResult silent = RunCohort("status " + run());
  EXPECT_EQ(silent.code, 1);
  EXPECT_THAT(silent.out, HasSubstr("actor-1"));
  EXPECT_THAT(silent.out, HasSubstr("DOES NOT ANSWER"));
}

TEST_F(ReadingTest, StatusOfARunThatHasEndedSaysSo) {
  const ProgramResult result = RunCohort("status " + run());
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("no process of this run is running"));
  EXPECT_EQ(RunCohort("status no/such/run").code, 2);
}

}  // namespace
}  // namespace cohort
