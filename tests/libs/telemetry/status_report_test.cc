#include "libs/telemetry/status_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cohort {
namespace {

TEST(StatusReport, ReadsWhatItWrote) {
  StatusReport report;
  report.state = "training step \"12\"";
  report.waiting = {{"scores of route slow", 3.5, "9f/1/42/0"}};
  QueueStatus queue;
  queue.name = "prompts.main";
  queue.ready = 7;
  queue.subscribers = 2;
  queue.oldest_age_seconds = 1.25;
  queue.waits_for = "a consumer with credit";
  queue.phase = "testing";
  queue.phase_since_seconds = 250;
  queue.phase_of = "9f/1/42/3";
  report.queues = {queue};
  report.ledger = {{"issued", 10}, {"pending", 4}};
  RouteStatus route;
  route.name = "slow";
  route.share = 4;
  route.pending = 240;
  route.ends = {{"trained", 90}, {"stale", 10}};
  route.age_seconds = {{"reward", 60.5}};
  route.age_publications = 61;
  report.routes = {route};
  report.figures = {{"version", 12}};
  report.facts = {{"endpoint", "ipc:///x"}};
  const Result<StatusReport> again = StatusReport::FromJson(report.ToJson());
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->ToJson(), report.ToJson());
  EXPECT_EQ(again->waiting.at(0).id, "9f/1/42/0");
  EXPECT_EQ(again->queues.at(0).ready, 7u);
  EXPECT_EQ(again->queues.at(0).waits_for, "a consumer with credit");
  EXPECT_EQ(again->queues.at(0).phase, "testing");
  EXPECT_EQ(again->queues.at(0).phase_since_seconds, 250);
  EXPECT_EQ(again->queues.at(0).phase_of, "9f/1/42/3");
  EXPECT_EQ(again->ledger.at("pending"), 4u);
  EXPECT_EQ(again->routes.at(0).ends.at("stale"), 10u);
  EXPECT_EQ(again->routes.at(0).age_seconds.at("reward"), 60.5);
}

TEST(StatusReport, LeavesMissingPartsEmpty) {
  const Result<StatusReport> report = StatusReport::FromJson("{\"later\": [1]}");
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->waiting.empty());
}

TEST(StatusReport, RefusesOtherTypes) {
  for (const char* text : {"", "[]", "{", "{\"state\": 3}", "{\"waiting\": [1]}",
                           "{\"waiting\": [{\"since_seconds\": \"x\"}]}", "{\"ledger\": [1]}",
                           "{\"queues\": [{\"ready\": \"x\"}]}", "{\"routes\": [{\"ends\": 1}]}",
                           "{\"facts\": {\"a\": 1}}"}) {
    EXPECT_EQ(StatusReport::FromJson(text).status().code(), StatusCode::kDataLoss) << text;
  }
}

TEST(StatusReport, WritesMalformedTextAsReplacementCharacters) {
  StatusReport report;
  report.state = "\xff";
  EXPECT_TRUE(StatusReport::FromJson(report.ToJson()).ok());
}

}  // namespace
}  // namespace cohort
