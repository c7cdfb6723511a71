#include "reward_workers/reward_metrics.h"

#include <algorithm>

namespace cohort {
namespace {

constexpr Duration kWindow = std::chrono::seconds(5);

}  // namespace

RewardMetrics::RewardMetrics(Metrics* metrics, const std::vector<std::string>& routes)
    : metrics_(metrics),
      busy_seconds_(&metrics->AddCounter("cohort_reward_busy_seconds_total",
                                         "Time in which the worker's thread worked.")),
      busy_ratio_(&metrics->AddGauge("cohort_reward_busy_ratio",
                                     "Share of the last seconds in which the thread worked.")),
      dropped_(&metrics->AddCounter("cohort_reward_dropped_verdicts_total",
                                    "Verdicts that came twice, unasked or too late.")) {
  for (const std::string& route : routes) OfRoute(route);
}

RewardMetrics::Route& RewardMetrics::OfRoute(const std::string& route) {
  const auto found = routes_.find(route);
  if (found != routes_.end()) return found->second;
  const std::vector<double> buckets =
      ExponentialBuckets(0.0005, 4, 12);  // half a ms … half an hour
  const Labels labels = {{"route", route}};
  Route& made = routes_[route];
  made.seconds = &metrics_->AddHistogram("cohort_reward_seconds",
                                         "From taking a rollout to its outcome.", buckets, labels);
  made.wait =
      &metrics_->AddHistogram("cohort_reward_wait_seconds",
                              "From a rollout's last token to its being taken.", buckets, labels);
  made.in_flight =
      &metrics_->AddGauge("cohort_reward_inflight", "Rollouts taken and not yet scored.", labels);
  made.masked_ratio = &metrics_->AddGauge(
      "cohort_reward_masked_ratio", "Share of outcomes without a score since the start.", labels);
  return made;
}

void RewardMetrics::Graded(const std::string& scorer, std::string_view outcome, double seconds) {
  Counter*& counter = graded_[{scorer, std::string(outcome)}];
  if (counter == nullptr) {
    counter = &metrics_->AddCounter("cohort_reward_graded_total", "Verdicts by scorer and reason.",
                                    {{"scorer", scorer}, {"outcome", std::string(outcome)}});
  }
  counter->Add();
  Histogram*& histogram = scorer_seconds_[scorer];
  if (histogram == nullptr) {
    histogram = &metrics_->AddHistogram("cohort_reward_scorer_seconds",
                                        "From asking a scorer to its verdict, with all attempts.",
                                        ExponentialBuckets(0.0001, 4, 13), {{"scorer", scorer}});
  }
  histogram->Observe(seconds);
}

void RewardMetrics::Finished(const std::string& route, OutcomeReason reason, double seconds) {
  Counter*& counter = outcomes_[{route, reason}];
  if (counter == nullptr) {
    counter = &metrics_->AddCounter(
        "cohort_reward_outcomes_total", "Rollouts by route and outcome.",
        {{"route", route}, {"outcome", std::string(OutcomeReasonName(reason))}});
  }
  counter->Add();
  Route& of_route = OfRoute(route);
  of_route.seconds->Observe(seconds);
  of_route.finished += 1;
  if (!IsScored(reason)) of_route.masked += 1;
  of_route.masked_ratio->Set(of_route.masked / of_route.finished);
}

void RewardMetrics::Taken(const std::string& route, double seconds) {
  OfRoute(route).wait->Observe(std::max(0.0, seconds));
}

void RewardMetrics::SetInFlight(const std::string& route, size_t tasks) {
  OfRoute(route).in_flight->Set(static_cast<double>(tasks));
}

void RewardMetrics::Refused(const std::string& reason) {
  metrics_
      ->AddCounter("cohort_reward_refused_total", "Deliveries that are no rollout, failed.",
                   {{"reason", reason}})
      .Add();
}

void RewardMetrics::Left(const std::string& how, size_t tasks) {
  if (tasks == 0) return;
  metrics_
      ->AddCounter("cohort_reward_left_total", "Rollouts that left without an outcome from here.",
                   {{"how", how}})
      .Add(static_cast<double>(tasks));
}

void RewardMetrics::Plugin(const std::string& scorer, const std::string& what) {
  Counter*& counter = plugins_[{scorer, what}];
  if (counter == nullptr) {
    counter = &metrics_->AddCounter("cohort_reward_plugin_events_total",
                                    "Trouble with scorers outside of the worker.",
                                    {{"scorer", scorer}, {"what", what}});
  }
  counter->Add();
}

void RewardMetrics::Cached(const std::string& scorer, bool hit) {
  Counter*& counter = cached_[{scorer, hit}];
  if (counter == nullptr) {
    counter = &metrics_->AddCounter("cohort_reward_cache_total",
                                    "Verdicts asked of the cache: found there, or not.",
                                    {{"scorer", scorer}, {"result", hit ? "hit" : "miss"}});
  }
  counter->Add();
}

void RewardMetrics::Dropped() { dropped_->Add(); }

void RewardMetrics::Busy(Time begin, Time end) {
  if (window_begin_ == Time{}) window_begin_ = begin;
  busy_seconds_->Add(ToSeconds(end - begin));
  window_busy_ += end - begin;
  if (end - window_begin_ < kWindow) return;
  busy_ratio_->Set(ToSeconds(window_busy_) / ToSeconds(end - window_begin_));
  window_begin_ = end;
  window_busy_ = Duration::zero();
}

}  // namespace cohort
