#include "libs/telemetry/metrics.h"

#include <prometheus/check_names.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace cohort {
namespace {

[[noreturn]] void Abort(const std::string& name, const char* reason) {
  std::fprintf(stderr, "metric %s: %s\n", name.c_str(), reason);
  std::abort();
}

void CheckNames(const std::string& name, const Labels& labels) {
  if (!prometheus::CheckMetricName(name)) Abort(name, "Prometheus allows no such name");
  for (const auto& [label, value] : labels) {
    if (!prometheus::CheckLabelName(label)) Abort(name, "Prometheus allows no such label");
  }
}

}  // namespace

void Counter::Add(double amount) { counter_->Increment(amount); }
void Counter::RaiseTo(double total) {
  const double missing = total - counter_->Value();
  if (missing > 0) counter_->Increment(missing);
}
double Counter::value() const { return counter_->Value(); }

void Gauge::Set(double value) { gauge_->Set(value); }
void Gauge::Add(double amount) { gauge_->Increment(amount); }
double Gauge::value() const { return gauge_->Value(); }

void Histogram::Observe(double value) { histogram_->Observe(value); }
void Histogram::RaiseTo(const std::vector<double>& counts, double sum) {
  counts_.resize(counts.size(), 0);
  std::vector<double> missing(counts.size(), 0);
  bool any = false;
  for (size_t i = 0; i < counts.size(); ++i) {
    missing[i] = std::max(0.0, counts[i] - counts_[i]);
    any = any || missing[i] > 0;
  }
  if (!any) return;
  histogram_->ObserveMultiple(missing, std::max(0.0, sum - sum_));
  for (size_t i = 0; i < counts.size(); ++i) counts_[i] += missing[i];
  sum_ = std::max(sum_, sum);
}

std::vector<double> ExponentialBuckets(double first, double factor, int count) {
  std::vector<double> bounds;
  for (double bound = first; count > 0; --count, bound *= factor) bounds.push_back(bound);
  return bounds;
}

struct Metrics::State {
  using Key = std::pair<std::string, Labels>;

  template <typename Handle, typename Build, typename... Arguments>
  Handle& Add(std::map<Key, std::unique_ptr<Handle>>& handles, const std::string& kind,
              const std::string& name, const std::string& help, const Labels& labels, Build build,
              const Arguments&... arguments) {
    CheckNames(name, labels);
    std::scoped_lock lock(handles_mutex);
    if (const auto [it, is_new] = kinds.emplace(name, kind); !is_new && it->second != kind) {
      Abort(name, "it exists already with another type");
    }
    std::unique_ptr<Handle>& handle = handles[{name, labels}];
    if (!handle) {
      auto& family = build.Name(name).Help(help).Register(registry);
      handle = std::make_unique<Handle>(&family.Add(labels, arguments...));
    }
    return *handle;
  }

  prometheus::Registry registry;
  std::mutex handles_mutex;
  std::map<std::string, std::string> kinds;  // name → "counter", "gauge", "histogram"
  std::map<Key, std::unique_ptr<Counter>> counters;
  std::map<Key, std::unique_ptr<Gauge>> gauges;
  std::map<Key, std::unique_ptr<Histogram>> histograms;
  std::mutex scrape_mutex;
  std::vector<std::function<void()>> refreshers;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::AddCounter(const std::string& name, const std::string& help,
                             const Labels& labels) {
  return state_->Add(state_->counters, "counter", name, help, labels, prometheus::BuildCounter());
}

Gauge& Metrics::AddGauge(const std::string& name, const std::string& help, const Labels& labels) {
  return state_->Add(state_->gauges, "gauge", name, help, labels, prometheus::BuildGauge());
}

Histogram& Metrics::AddHistogram(const std::string& name, const std::string& help,
                                 const std::vector<double>& buckets, const Labels& labels) {
  return state_->Add(state_->histograms, "histogram", name, help, labels,
                     prometheus::BuildHistogram(), buckets);
}

void Metrics::OnScrape(std::function<void()> refresh) {
  std::scoped_lock lock(state_->scrape_mutex);
  state_->refreshers.push_back(std::move(refresh));
}

std::string Metrics::Text() {
  std::scoped_lock lock(state_->scrape_mutex);
  for (const auto& refresh : state_->refreshers) refresh();
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace cohort
