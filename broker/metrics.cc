#include "broker/metrics.h"

#include <utility>

#include "broker/journal_metrics.h"

namespace cohort {

struct BrokerMetrics::QueueSeries {
  QueueSeries(Metrics& metrics, const std::string& queue)
      : metrics(metrics),
        queue(queue),
        ready(Depth("ready")),
        leased(Depth("leased")),
        accepted(Depth("accepted")),
        delayed(Depth("delayed")),
        dead(Depth("dead")),
        bytes(metrics.AddGauge("cohort_queue_bytes", "Bytes of all bodies in the queue.",
                               {{"queue", queue}})),
        oldest(metrics.AddGauge("cohort_queue_oldest_age_seconds",
                                "Time since the put of the oldest task that is ready.",
                                {{"queue", queue}})),
        held_back(metrics.AddGauge("cohort_queue_held_back_puts",
                                   "Puts that wait for room in the queue.", {{"queue", queue}})),
        consumers(metrics.AddGauge("cohort_queue_consumers", "Sessions that subscribe.",
                                   {{"queue", queue}})),
        waiting(metrics.AddGauge("cohort_queue_waiting_seconds",
                                 "For how long the queue has waited for what /status names.",
                                 {{"queue", queue}})),
        paused(metrics.AddGauge("cohort_queue_paused",
                                "1 while an operator has stopped its deliveries.",
                                {{"queue", queue}})),
        waits(metrics.AddHistogram(
            "cohort_queue_wait_seconds", "Time from the put to the first delivery.",
            {WaitTimes::kBounds.begin(), WaitTimes::kBounds.end()}, {{"queue", queue}})),
        put(Total("cohort_tasks_put_total", "Tasks that came to be, children included.")),
        known(Total("cohort_tasks_put_again_total", "Puts of tasks that were known already.")),
        delivered(Total("cohort_tasks_delivered_total", "Deliveries, redeliveries included.")),
        redelivered(Total("cohort_tasks_redelivered_total", "Deliveries after an earlier one.")),
        emitted(Total("cohort_tasks_emitted_total", "Children put early by leases of the queue.")),
        failures(Total("cohort_task_failures_total", "Attempts that failed or were lost.")),
        obituaries(Total("cohort_obituaries_total", "Ends of others' tasks told in the queue.")),
        stale(Total("cohort_stale_answers_total", "Settles whose lease was no longer theirs.")),
        done(Settled("done")),
        ended_dead(Settled("dead")),
        ended_expired(Settled("expired")),
        ended_cancelled(Settled("cancelled")),
        ended_purged(Settled("purged")),
        revived(Total("cohort_tasks_revived_total", "Dead letters that became ready again.")) {}

  Gauge& Depth(const std::string& state) {
    return metrics.AddGauge("cohort_queue_depth", "Tasks in the queue, by state.",
                            {{"queue", queue}, {"state", state}});
  }
  Counter& Total(const std::string& name, const std::string& help) {
    return metrics.AddCounter(name, help, {{"queue", queue}});
  }
  Counter& Settled(const std::string& outcome) {
    return metrics.AddCounter("cohort_tasks_settled_total", "Tasks that ended, by outcome.",
                              {{"queue", queue}, {"outcome", outcome}});
  }

  Metrics& metrics;
  const std::string queue;
  Gauge &ready, &leased, &accepted, &delayed, &dead;
  Gauge &bytes, &oldest, &held_back, &consumers, &waiting, &paused;
  Histogram& waits;
  Counter &put, &known, &delivered, &redelivered, &emitted, &failures, &obituaries, &stale;
  Counter &done, &ended_dead, &ended_expired, &ended_cancelled, &ended_purged, &revived;
};

BrokerMetrics::BrokerMetrics(Metrics* metrics) : metrics_(*metrics) {}

BrokerMetrics::QueueSeries& BrokerMetrics::Series(const std::string& queue) {
  auto& series = queues_[queue];
  if (series == nullptr) series = std::make_shared<QueueSeries>(metrics_, queue);
  return *series;
}

void BrokerMetrics::UpdateQueue(const QueueSnapshot& queue) {
  QueueSeries& series = Series(queue.stats.name);
  series.ready.Set(static_cast<double>(queue.stats.ready));
  series.leased.Set(static_cast<double>(queue.stats.leased));
  series.accepted.Set(static_cast<double>(queue.stats.accepted));
  series.delayed.Set(static_cast<double>(queue.stats.delayed));
  series.dead.Set(static_cast<double>(queue.stats.dead));
  series.bytes.Set(static_cast<double>(queue.stats.bytes));
  series.oldest.Set(queue.stats.oldest_age_seconds);
  series.held_back.Set(static_cast<double>(queue.held_back_puts));
  series.consumers.Set(static_cast<double>(queue.stats.subscribers));
  series.waiting.Set(queue.stats.waits_since_seconds);
  series.paused.Set(queue.stats.paused ? 1 : 0);
  const QueueTotals& totals = queue.totals;
  const auto& waits = totals.waits.counts;
  series.waits.RaiseTo({waits.begin(), waits.end()}, totals.waits.sum);
  const std::pair<Counter*, uint64_t> counters[] = {
      {&series.put, totals.puts},
      {&series.known, totals.known_puts},
      {&series.delivered, totals.deliveries},
      {&series.redelivered, totals.redeliveries},
      {&series.emitted, totals.emits},
      {&series.failures, totals.failures},
      {&series.obituaries, totals.obituaries},
      {&series.stale, totals.stale_answers},
      {&series.done, totals.settled},
      {&series.ended_dead, totals.dead},
      {&series.ended_expired, totals.expired},
      {&series.ended_cancelled, totals.cancelled},
      {&series.ended_purged, totals.purged},
      {&series.revived, totals.revived},
  };
  for (const auto& [counter, total] : counters) counter->RaiseTo(static_cast<double>(total));
  for (const auto& [reason, total] : totals.refused) {
    metrics_
        .AddCounter("cohort_refused_total", "Puts and accepts that a bound refused, by reason.",
                    {{"queue", queue.stats.name}, {"reason", reason}})
        .RaiseTo(static_cast<double>(total));
  }
}

void BrokerMetrics::Update(const ServerSnapshot& snapshot) {
  for (const QueueSnapshot& queue : snapshot.machine.queues) UpdateQueue(queue);
  for (const auto& [role, count] : snapshot.machine.peers) {
    metrics_
        .AddGauge("cohort_broker_peers", "Connected processes, by role.",
                  {{"role", std::string(RoleName(role))}})
        .Set(static_cast<double>(count));
  }
  for (const auto& [reason, count] : snapshot.malformed) {
    metrics_
        .AddCounter("cohort_broker_malformed_messages_total",
                    "Messages that were refused, by reason.", {{"reason", reason}})
        .RaiseTo(static_cast<double>(count));
  }
  for (const auto& [reason, count] : snapshot.refused_peers) {
    metrics_
        .AddCounter("cohort_broker_refused_peers_total",
                    "Handshakes and hellos that were refused, by reason.", {{"reason", reason}})
        .RaiseTo(static_cast<double>(count));
  }
  for (const auto& [reason, count] : snapshot.cut_peers) {
    metrics_
        .AddCounter("cohort_broker_cut_peers_total",
                    "Connections that the broker ended, by reason.", {{"reason", reason}})
        .RaiseTo(static_cast<double>(count));
  }
  const auto gauge = [this](const char* name, const char* help, uint64_t value) {
    metrics_.AddGauge(name, help).Set(static_cast<double>(value));
  };
  const auto counter = [this](const char* name, const char* help, uint64_t value) {
    metrics_.AddCounter(name, help).RaiseTo(static_cast<double>(value));
  };
  if (snapshot.journal.has_value()) {
    UpdateJournalMetrics(*snapshot.journal, snapshot.machine.live_bytes, &metrics_);
  }
  gauge("cohort_broker_sessions_in_grace", "Sessions without a connection that keep their leases.",
        snapshot.machine.sessions_in_grace);
  gauge("cohort_broker_pending_connections", "Connections without an accepted hello.",
        snapshot.pending_connections);
  gauge("cohort_broker_blocked_peers", "Processes that do not read what they granted credit for.",
        snapshot.blocked_peers);
  counter("cohort_broker_unknown_answers_total", "Answers for leases that no queue knows.",
          snapshot.machine.unknown_answers);
  counter("cohort_broker_hellos_total", "Hellos that were accepted.", snapshot.hellos);
  counter("cohort_broker_messages_received_total", "Messages that peers sent.",
          snapshot.messages_received);
  counter("cohort_broker_messages_sent_total", "Messages sent to peers.", snapshot.messages_sent);
}

StatusReport BrokerStatus(const ServerSnapshot& snapshot, const std::string& endpoint) {
  StatusReport report;
  uint64_t peers = 0;
  for (const auto& [role, count] : snapshot.machine.peers) {
    peers += count;
    report.figures["peers_" + std::string(RoleName(role))] = static_cast<double>(count);
  }
  report.figures["sessions_in_grace"] = static_cast<double>(snapshot.machine.sessions_in_grace);
  report.facts["endpoint"] = endpoint;
  report.facts["epoch"] = std::to_string(snapshot.epoch);
  if (snapshot.journal.has_value()) AddJournalStatus(*snapshot.journal, &report);
  uint64_t tasks = 0;
  for (const QueueSnapshot& queue : snapshot.machine.queues) {
    const QueueStats& stats = queue.stats;
    tasks += stats.ready + stats.leased + stats.accepted + stats.delayed;
    QueueStatus status;
    status.name = stats.name;
    status.ready = stats.ready;
    status.leased = stats.leased;
    status.accepted = stats.accepted;
    status.delayed = stats.delayed;
    status.dead = stats.dead;
    status.bytes = stats.bytes;
    status.subscribers = stats.subscribers;
    status.oldest_age_seconds = stats.oldest_age_seconds;
    status.waits_for = stats.waits_for;
    status.waits_since_seconds = stats.waits_since_seconds;
    if (!stats.phase.empty()) {
      status.phase = stats.phase;
      status.phase_since_seconds = stats.phase_since_seconds;
      status.phase_of = stats.phase_of.ToString();
    }
    report.queues.push_back(std::move(status));
    if (!stats.waits_for.empty()) {
      report.waiting.push_back(
          {stats.name + ": " + stats.waits_for, stats.waits_since_seconds, queue.waits_at});
    }
  }
  report.state = "serving " + std::to_string(peers) + " processes, " + std::to_string(tasks) +
                 " tasks in " + std::to_string(snapshot.machine.queues.size()) + " queues";
  return report;
}

}  // namespace cohort
