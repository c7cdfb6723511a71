// Numbers that a process shows to Prometheus.
//
//   Metrics metrics;
//   Counter& steps = metrics.AddCounter("cohort_learner_steps_total", "Training steps done.");
//   steps.Add();
//
// Names have the prefix `cohort_`, base units (seconds, bytes) and, for counters, the suffix
// `_total`; no label may hold an id. Handles live as long as their Metrics. Updating one is atomic
// and cheap; all methods are thread-safe. The library behind it (prometheus-cpp) is seen by
// metrics.cc only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace cohort {

using Labels = std::map<std::string, std::string>;

// Never falls.
class Counter {
 public:
  explicit Counter(prometheus::Counter* counter) : counter_(counter) {}
  void Add(double amount = 1);
  // For totals that are counted elsewhere: raises to `total`, never lowers. From one thread (or
  // OnScrape) only.
  void RaiseTo(double total);
  double value() const;

 private:
  prometheus::Counter* counter_;
};

class Gauge {
 public:
  explicit Gauge(prometheus::Gauge* gauge) : gauge_(gauge) {}
  void Set(double value);
  void Add(double amount);
  double value() const;

 private:
  prometheus::Gauge* gauge_;
};

class Histogram {
 public:
  explicit Histogram(prometheus::Histogram* histogram) : histogram_(histogram) {}
  void Observe(double value);
  // For values that are counted elsewhere: raises each bucket's count (of its own, the last one's
  // beyond all bounds) and the sum to these totals, never lowers. From one thread (or OnScrape)
  // only, and not beside Observe.
  void RaiseTo(const std::vector<double>& counts, double sum);

 private:
  prometheus::Histogram* histogram_;
  std::vector<double> counts_;  // of RaiseTo, as for sum_
  double sum_ = 0;
};

// Upper bounds `first`, `first` × `factor`, …
std::vector<double> ExponentialBuckets(double first, double factor, int count);

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // The same name and labels give the same handle. A name that Prometheus would refuse, or one
  // that is taken by another type, is a programmer's error and aborts.
  Counter& AddCounter(const std::string& name, const std::string& help, const Labels& labels = {});
  Gauge& AddGauge(const std::string& name, const std::string& help, const Labels& labels = {});
  // Buckets are upper bounds, ascending, without +Inf.
  Histogram& AddHistogram(const std::string& name, const std::string& help,
                          const std::vector<double>& buckets, const Labels& labels = {});

  // Runs before every scrape, one scrape at a time: for sets of figures that must come from one
  // snapshot (a ledger that balances). Must not call Text. What it captures must outlive the
  // scrapes.
  void OnScrape(std::function<void()> refresh);

  // The text exposition format.
  std::string Text();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cohort
