#include "libs/telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace cohort {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, ShowsWhatWasCounted) {
  Metrics metrics;
  metrics.AddCounter("cohort_steps_total", "Steps.").Add(2);
  metrics.AddGauge("cohort_depth", "Depth.", {{"queue", "a\"b"}}).Set(1.5);
  metrics.AddHistogram("cohort_step_seconds", "Time.", {1, 2}).Observe(1.5);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("# HELP cohort_steps_total Steps.\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE cohort_steps_total counter\n"));
  EXPECT_THAT(text, HasSubstr("cohort_steps_total 2\n"));
  EXPECT_THAT(text, HasSubstr("cohort_depth{queue=\"a\\\"b\"} 1.5\n"));
  EXPECT_THAT(text, HasSubstr("cohort_step_seconds_bucket{le=\"1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("cohort_step_seconds_bucket{le=\"+Inf\"} 1\n"));
}

TEST(Metrics, GivesTheSameHandleForTheSameNameAndLabels) {
  Metrics metrics;
  Counter& first = metrics.AddCounter("a_total", "A.", {{"x", "1"}});
  Counter& other = metrics.AddCounter("a_total", "A.", {{"x", "2"}});
  EXPECT_EQ(&first, &metrics.AddCounter("a_total", "A.", {{"x", "1"}}));
  EXPECT_NE(&first, &other);
  first.Add();
  EXPECT_EQ(first.value(), 1);
  EXPECT_EQ(other.value(), 0);
}

TEST(Metrics, RaisesTotalsThatAreCountedElsewhereAndNeverLowersThem) {
  Metrics metrics;
  Counter& counter = metrics.AddCounter("a_total", "A.");
  counter.RaiseTo(5);
  counter.RaiseTo(3);
  EXPECT_EQ(counter.value(), 5);
}

TEST(Metrics, RefreshesBeforeEachScrapeSoThatASetOfFiguresBelongsTogether) {
  Metrics metrics;
  Gauge& pending = metrics.AddGauge("pending", "P.");
  Gauge& trained = metrics.AddGauge("trained", "T.");
  int scrapes = 0;
  metrics.OnScrape([&] {
    ++scrapes;
    pending.Set(10 - scrapes);
    trained.Set(scrapes);
  });
  for (int i = 1; i <= 3; ++i) {
    const std::string text = metrics.Text();
    EXPECT_THAT(text, HasSubstr("pending " + std::to_string(10 - i) + "\n"));
    EXPECT_THAT(text, HasSubstr("trained " + std::to_string(i) + "\n"));
  }
}

TEST(Metrics, CountsFromManyThreads) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&metrics] {
      for (int i = 0; i < 1000; ++i) {
        metrics.AddCounter("a_total", "A.", {{"i", std::to_string(i % 3)}}).Add();
        if (i % 100 == 0) metrics.Text();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  double sum = 0;
  for (const char* label : {"0", "1", "2"}) {
    sum += metrics.AddCounter("a_total", "A.", {{"i", label}}).value();
  }
  EXPECT_EQ(sum, 4000);
}

TEST(ExponentialBuckets, MultipliesByTheFactor) {
  EXPECT_THAT(ExponentialBuckets(0.5, 2, 3), ::testing::ElementsAre(0.5, 1, 2));
}

TEST(MetricsDeathTest, AbortsOnNamesThatAProgrammerGotWrong) {
  Metrics metrics;
  metrics.AddCounter("a_total", "A.");
  EXPECT_DEATH(metrics.AddGauge("a_total", "A."), "another type");
  EXPECT_DEATH(metrics.AddGauge("a-b", "A."), "no such name");
  EXPECT_DEATH(metrics.AddGauge("b", "B.", {{"x-y", "1"}}), "no such label");
}

}  // namespace
}  // namespace cohort
