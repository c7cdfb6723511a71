#include "libs/telemetry/process_telemetry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/libs/telemetry/http_get.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

TEST(ProcessTelemetry, WritesWhereItCanBeAskedAndTakesItAway) {
  const TestFolder run;
  const auto endpoints = run.path() / "endpoints";
  std::vector<std::string> problems;
  {
    auto telemetry = ProcessTelemetry::Start(
        {.role = "actor", .instance = "actor-1", .run_directory = run.path()});
    ASSERT_TRUE(telemetry.ok()) << telemetry.status().message();
    const auto found = ReadProcessEndpoints(endpoints, &problems);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].instance, "actor-1");
    EXPECT_EQ(found[0].role, "actor");
    EXPECT_EQ(found[0].pid, getpid());
    EXPECT_EQ(HttpGet(found[0].telemetry + "/healthz").code, 200);
  }
  EXPECT_TRUE(ReadProcessEndpoints(endpoints, &problems).empty());
  EXPECT_TRUE(problems.empty());
}

TEST(ProcessTelemetry, LeavesTheFileOfASuccessorAlone) {
  const TestFolder run;
  const auto endpoints = run.path() / "endpoints";
  {
    auto telemetry = ProcessTelemetry::Start(
        {.role = "actor", .instance = "actor-1", .run_directory = run.path()});
    ASSERT_TRUE(telemetry.ok());
    ASSERT_TRUE(WriteProcessEndpoint(endpoints, {"actor-1", "actor", 1, "http://x"}).ok());
  }
  EXPECT_EQ(ReadProcessEndpoints(endpoints, nullptr).size(), 1u);
}

TEST(ProcessTelemetry, IsNotReadyWhileItDrains) {
  auto telemetry = ProcessTelemetry::Start({.role = "broker", .instance = "broker"});
  ASSERT_TRUE(telemetry.ok());
  (*telemetry)->health().SetReady(true);
  (*telemetry)->SetDraining();
  EXPECT_FALSE((*telemetry)->health().ready());
  EXPECT_THAT((*telemetry)->metrics().Text(), HasSubstr("\ncohort_draining 1\n"));
}

TEST(ProcessTelemetry, RefusesInstancesThatAreNoPlainWord) {
  for (const char* name : {"", "../x", "a/b", ".hidden"}) {
    EXPECT_FALSE(ProcessTelemetry::Start({.role = "actor", .instance = name}).ok()) << name;
  }
}

TEST(ReadProcessEndpoints, NamesFilesThatAreDamaged) {
  const TestFolder folder;
  folder.Write("a.json", "{");
  folder.Write("b.json", "{\"instance\": 3}");
  folder.Write("c.json",
               R"({"instance":"c","role":"actor","pid":1,"telemetry":"http://127.0.0.1:1"})");
  std::vector<std::string> problems;
  EXPECT_EQ(ReadProcessEndpoints(folder.path(), &problems).size(), 1u);
  EXPECT_EQ(problems.size(), 2u);
}

// promtool is no part of the build: scripts/get_promtool.sh fetches it.
std::string Promtool() {
  const char* source = std::getenv("COHORT_SOURCE");
  const std::filesystem::path fetched =
      std::filesystem::path(source == nullptr ? "." : source) / ".venv/promtool/usr/bin/promtool";
  if (std::filesystem::exists(fetched)) return fetched.string();
  return std::system("command -v promtool > /dev/null 2>&1") == 0 ? "promtool" : "";
}

TEST(StandardMetrics, PleasePromtool) {
  const std::string promtool = Promtool();
  if (promtool.empty()) GTEST_SKIP() << "SKIPPED: no promtool; scripts/get_promtool.sh fetches it";
  Metrics metrics;
  AddStandardMetrics(metrics, "actor", "actor-1");
  const TestFolder folder;
  const std::string good = folder.Write("good", metrics.Text());
  EXPECT_EQ(std::system((promtool + " check metrics < " + good).c_str()), 0);
  metrics.AddCounter("cohort_without_suffix", "A counter with a wrong name.").Add();
  const std::string bad = folder.Write("bad", metrics.Text());
  EXPECT_NE(std::system((promtool + " check metrics < " + bad + " 2> /dev/null").c_str()), 0);
}

}  // namespace
}  // namespace cohort
