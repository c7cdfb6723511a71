// What the journal tells about itself. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cohort {

// Counts of values in buckets; `bounds` are upper bounds, the last count is for what lies above all
// of them.
template <size_t kBounds>
struct JournalHistogram {
  std::array<double, kBounds> bounds;
  std::array<uint64_t, kBounds + 1> counts{};
  uint64_t count = 0;
  double sum = 0;

  void Observe(double value) {
    size_t bucket = 0;
    while (bucket < kBounds && value > bounds[bucket]) ++bucket;
    ++counts[bucket];
    ++count;
    sum += value;
  }
};

using SyncSeconds = JournalHistogram<10>;
using BatchRecords = JournalHistogram<10>;

// A segment that is written no more.
struct SegmentInfo {
  uint64_t number = 0;
  uint64_t first_sequence = 0;  // of its first record; the next segment's when it holds none
  uint64_t bytes = 0;
};

// A place below the synced end that cannot be read.
struct JournalDamage {
  uint64_t segment = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;     // 0: the whole segment is missing
  std::string side_file;  // where the bytes were copied to; empty when they could not be
  std::string reason;
};

struct RecoveryReport {
  uint64_t records = 0;  // handed out
  uint64_t bytes = 0;    // read
  uint64_t segments = 0;
  uint64_t last_sequence = 0;  // the next record has this + 1
  std::vector<JournalDamage> damages;
  uint64_t missing_records = 0;  // sequences below the synced end that were not found
  // The torn tail: bytes above the synced end that no promise covers. Zero segment: there was none.
  uint64_t torn_segment = 0;
  uint64_t torn_offset = 0;
  uint64_t torn_bytes = 0;
  double seconds = 0;

  // One line for each damage and for the torn tail.
  std::vector<std::string> Lines() const;
};

struct RecoveryProgress {
  uint64_t bytes = 0;
  uint64_t total_bytes = 0;
  uint64_t records = 0;
};

// Totals are of this life.
struct JournalState {
  uint64_t synced = 0;
  uint64_t records = 0;  // confirmed by a sync
  uint64_t bytes = 0;    // written
  uint64_t syncs = 0;
  uint64_t failed_writes = 0;
  uint64_t failed_syncs = 0;
  uint64_t abandoned_segments = 0;
  uint64_t reused_segments = 0;  // dropped ones that became the spare
  uint64_t pending_records = 0;  // appended and not yet durable

  std::vector<SegmentInfo> closed;   // oldest first
  uint64_t open_segment = 0;         // 0: none at the moment
  uint64_t open_first_sequence = 0;  // of its first record, or of the next one
  uint64_t open_bytes = 0;
  uint64_t disk_bytes = 0;  // of all segments and the spare

  bool has_room = true;
  std::string room_reason;  // one line; empty while there is room
  std::string last_error;   // the last failed write, sync or allocation; kept

  RecoveryReport recovery;
  SyncSeconds sync_seconds{{0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.25, 1}};
  BatchRecords batch_records{{1, 2, 4, 8, 16, 32, 64, 256, 1024, 8192}};
};

}  // namespace cohort
