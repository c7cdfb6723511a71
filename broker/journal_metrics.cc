#include "broker/journal_metrics.h"

#include <string>
#include <vector>

namespace cohort {
namespace {

template <size_t kBounds>
void Raise(const JournalHistogram<kBounds>& from, const char* name, const char* help,
           Metrics* metrics) {
  metrics->AddHistogram(name, help, {from.bounds.begin(), from.bounds.end()})
      .RaiseTo({from.counts.begin(), from.counts.end()}, from.sum);
}

}  // namespace

void UpdateJournalMetrics(const JournalState& journal, uint64_t live_bytes, Metrics* metrics) {
  const auto gauge = [metrics](const char* name, const char* help, double value) {
    metrics->AddGauge(name, help).Set(value);
  };
  const auto counter = [metrics](const char* name, const char* help, uint64_t value) {
    metrics->AddCounter(name, help).RaiseTo(static_cast<double>(value));
  };
  Raise(journal.sync_seconds, "cohort_journal_sync_seconds", "Time of one sync.", metrics);
  Raise(journal.batch_records, "cohort_journal_batch_records", "Records of one sync.", metrics);
  counter("cohort_journal_records_total", "Records that were made durable.", journal.records);
  counter("cohort_journal_written_bytes_total", "Bytes written.", journal.bytes);
  counter("cohort_journal_failed_writes_total", "Writes that failed.", journal.failed_writes);
  counter("cohort_journal_failed_syncs_total", "Syncs that failed.", journal.failed_syncs);
  counter("cohort_journal_abandoned_segments_total", "Files left behind after a failure.",
          journal.abandoned_segments);
  counter("cohort_journal_reused_segments_total", "Dropped files that are written again.",
          journal.reused_segments);
  gauge("cohort_journal_pending_records", "Records that are not yet durable.",
        static_cast<double>(journal.pending_records));
  gauge("cohort_journal_disk_bytes", "What the journal takes on the disk.",
        static_cast<double>(journal.disk_bytes));
  gauge("cohort_journal_live_bytes", "What it would take if it were written anew.",
        static_cast<double>(live_bytes));
  gauge("cohort_journal_has_room", "0 while there is no room: puts wait.",
        journal.has_room ? 1 : 0);
  const RecoveryReport& recovery = journal.recovery;
  gauge("cohort_journal_recovery_seconds", "Time to read the journal at the start.",
        recovery.seconds);
  gauge("cohort_journal_recovered_records", "Records that were read at the start.",
        static_cast<double>(recovery.records));
  gauge("cohort_journal_damaged_places", "Places that were promised and could not be read.",
        static_cast<double>(recovery.damages.size()));
  gauge("cohort_journal_damaged_records", "Records that were promised and are lost.",
        static_cast<double>(recovery.missing_records));
  gauge("cohort_journal_torn_bytes", "Bytes of the torn tail that was cut at the start.",
        static_cast<double>(recovery.torn_bytes));
}

void AddJournalStatus(const JournalState& journal, StatusReport* report) {
  report->figures["journal_bytes"] = static_cast<double>(journal.disk_bytes);
  report->figures["journal_pending_records"] = static_cast<double>(journal.pending_records);
  if (!journal.has_room) report->facts["journal"] = "no room: " + journal.room_reason;
  if (!journal.last_error.empty()) report->facts["journal_last_error"] = journal.last_error;
  size_t place = 0;
  for (const std::string& line : journal.recovery.Lines()) {
    report->facts["journal_recovery_" + std::to_string(++place)] = line;
  }
}

}  // namespace cohort
