// The journal in numbers and in words. Call from one thread at a time (Metrics::OnScrape).
#pragma once

#include "broker/journal/journal_state.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/status_report.h"

namespace cohort {

void UpdateJournalMetrics(const JournalState& journal, uint64_t live_bytes, Metrics* metrics);
void AddJournalStatus(const JournalState& journal, StatusReport* report);

}  // namespace cohort
