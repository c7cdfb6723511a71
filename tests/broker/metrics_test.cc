#include "broker/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/broker/live_broker.h"
#include "tests/broker/machine_driver.h"

namespace cohort {
namespace {

using testing::HasSubstr;

// A machine in which something has happened to every figure.
ServerSnapshot Eventful() {
  MachineConfig config = MachineDriver::Config();
  config.queue_tasks = 3;
  MachineDriver d(config);
  EXPECT_TRUE(d.Hello(1, "learner", {}, Role::kLearner).ok());
  EXPECT_TRUE(d.Hello(2, "actor-1").ok());
  for (uint64_t cursor = 1; cursor <= 5; ++cursor) d.Do(1, PutCommand{d.Prompt(cursor)});
  d.Consume(2, "prompts", 2);
  const auto deliveries = d.Deliveries(2);
  EXPECT_TRUE(d.Hello(3, "operator", {}, Role::kOperator).ok());
  d.Do(3, PauseCommand{"rollouts"});
  d.Do(2, SettleCommand{deliveries[0].token, "prompts", deliveries[0].id, {}});
  d.Do(1, PutCommand{d.Spec("prompts", d.Id(9), config.queue_bytes + 1)});
  d.Do(2, RenewCommand{{deliveries[1].token}, {"testing"}});
  d.AdvanceAlive(Seconds(4), {1, 2});
  ServerSnapshot snapshot;
  snapshot.machine = d.machine.Snapshot(d.now());
  snapshot.epoch = 100;
  snapshot.malformed["unreadable"] = 4;
  return snapshot;
}

TEST(BrokerMetricsTest, ShowsEveryFigureOfAQueue) {
  Metrics metrics;
  BrokerMetrics broker(&metrics);
  broker.Update(Eventful());
  const std::string text = metrics.Text();
  for (const char* line : {
           "cohort_queue_depth{queue=\"prompts\",state=\"ready\"} 2",
           "cohort_queue_depth{queue=\"prompts\",state=\"leased\"} 1",
           "cohort_queue_held_back_puts{queue=\"prompts\"} 1",
           "cohort_queue_bytes{queue=\"prompts\"} 30",
           "cohort_tasks_put_total{queue=\"prompts\"} 4",
           "cohort_tasks_delivered_total{queue=\"prompts\"} 2",
           "cohort_tasks_settled_total{outcome=\"done\",queue=\"prompts\"} 1",
           "cohort_refused_total{queue=\"prompts\",reason=\"too_large\"} 1",
           "cohort_queue_paused{queue=\"prompts\"} 0",
           "cohort_queue_paused{queue=\"rollouts\"} 1",
           "cohort_queue_wait_seconds_count{queue=\"prompts\"} 2",
           "cohort_queue_wait_seconds_bucket{queue=\"prompts\",le=\"0.001\"} 2",
           "cohort_tasks_settled_total{outcome=\"purged\",queue=\"prompts\"} 0",
           "cohort_broker_peers{role=\"learner\"} 1",
           "cohort_broker_peers{role=\"reward_worker\"} 0",
           "cohort_broker_malformed_messages_total{reason=\"unreadable\"} 4",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(BrokerMetricsTest, StatusNamesWhatAQueueWaitsForSinceWhenAndWhichTask) {
  const StatusReport report = BrokerStatus(Eventful(), "ipc:///x");
  ASSERT_EQ(report.waiting.size(), 1u);
  EXPECT_EQ(report.waiting[0].for_what, "prompts: a consumer with credit");
  EXPECT_DOUBLE_EQ(report.waiting[0].since_seconds, 4.0);
  EXPECT_EQ(report.waiting[0].id, MachineDriver::Id(3).ToString());
}

TEST(BrokerMetricsTest, StatusSaysWhatIsDoneForTheOldestLeasedTask) {
  const StatusReport report = BrokerStatus(Eventful(), "ipc:///x");
  const QueueStatus& prompts = report.queues.at(0);
  EXPECT_EQ(prompts.name, "prompts");
  EXPECT_EQ(prompts.phase, "testing");
  EXPECT_DOUBLE_EQ(prompts.phase_since_seconds, 4.0);
  EXPECT_EQ(prompts.phase_of, MachineDriver::Id(2).ToString());
  EXPECT_EQ(report.queues.at(1).phase_of, "") << "nobody holds any of them";
}

TEST(BrokerMetricsTest, PleasePromtool) {
  const char* source = std::getenv("COHORT_SOURCE");
  const std::filesystem::path promtool =
      std::filesystem::path(source == nullptr ? "." : source) / ".venv/promtool/usr/bin/promtool";
  if (!std::filesystem::exists(promtool)) {
    GTEST_SKIP() << "SKIPPED: no promtool; scripts/get_promtool.sh fetches it";
  }
  Metrics metrics;
  BrokerMetrics broker(&metrics);
  broker.Update(Eventful());
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/metrics";
  std::ofstream(file) << metrics.Text();
  EXPECT_EQ(std::system((promtool.string() + " check metrics < " + file).c_str()), 0);
}

}  // namespace
}  // namespace cohort
