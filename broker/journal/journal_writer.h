// The journal without its thread: segments, batches, syncs, and what to do when they fail.
//
// Synchronous and single-threaded, without a clock but to measure syncs. Every record stays in
// memory until a sync covers it. Calls that return false leave their work to the next call: nothing
// is lost, and state() says why.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/journal/file_layer.h"
#include "broker/journal/format.h"
#include "broker/journal/journal_reader.h"
#include "broker/journal/journal_state.h"
#include "broker/journal/record.h"
#include "libs/base/status.h"

namespace cohort::journal {

class JournalWriter {
 public:
  struct Options {
    std::filesystem::path directory;  // exists
    uint64_t segment_bytes = uint64_t{64} << 20;
    FileLayer* files = nullptr;
    bool sync = true;
    std::function<uint64_t()> random;  // for the keys of segments
  };

  // Goes on behind what was read, always in a new segment. What was read is durable:
  // MakeTailDurable.
  JournalWriter(Options options, ReadResult read);

  void Add(std::vector<JournalRecord> records);

  // Writes what was added. Not durable yet.
  bool Write();
  // Writes what was added and makes all of it durable.
  bool Commit();
  // Whether a marker is worth its sync: the last synced position stands in no record yet.
  bool WantsMarker() const;
  // Commit, then a batch of no records that names the synced position, durable as well.
  bool CommitMarker();
  // Commit, marker, and the last segment cut to its length.
  bool Finish();

  // Allocates the spare segment when there is none; false when there is no room for it.
  bool EnsureSpare();
  // Closed segments whose records all lie below go after the next sync.
  void DropSegmentsBelow(uint64_t sequence);

  bool has_unwritten() const { return written_ < unconfirmed_.size(); }
  bool has_unsynced() const { return !unconfirmed_.empty(); }
  uint64_t synced_sequence() const { return synced_sequence_; }
  const JournalState& state();

 private:
  struct Gone {
    std::string name;
    uint64_t number = 0;
    uint64_t bytes = 0;
  };

  bool Sync();
  bool WriteOnce();
  bool OpenSegment(uint64_t record_bytes);
  bool WriteSegmentRecord();
  bool WriteBatch(size_t count);
  size_t CountThatFits() const;
  bool WriteAll();
  void Close();
  void Abandon(const std::string& reason, uint64_t& counter);
  // Removes what nothing needs any more, or makes it the spare.
  void CleanUp();
  bool Reuse(const Gone& segment);
  void Fail(const Status& status) { state_.last_error = status.message(); }
  SyncedMark Mark();

  const Options options_;
  JournalState state_;

  std::deque<JournalRecord>
      unconfirmed_;  // in sequence; the first `written_` stand in the open segment
  size_t written_ = 0;

  Position synced_;
  uint64_t synced_sequence_ = 0;
  uint64_t next_segment_ = 1;

  // The open segment.
  std::unique_ptr<File> file_;
  std::string name_;
  uint64_t number_ = 0;
  uint64_t key_ = 0;
  uint64_t first_sequence_ = 0;
  uint64_t offset_ = 0;  // where the next batch goes
  uint64_t allocated_ = 0;
  bool used_before_ = false;
  uint64_t records_end_ = 0;  // end of the last batch that holds records; 0: there is none
  Position named_;            // by the last mark in it
  bool name_synced_ = false;

  std::unique_ptr<File> spare_;
  uint64_t spare_bytes_ = 0;
  bool spare_used_before_ = false;

  // `oldest_segment` as it is, as it stands in the file, and as it is durable.
  uint64_t oldest_ = 1;
  uint64_t written_oldest_ = 1;
  uint64_t durable_oldest_ = 1;
  std::vector<std::string> closed_names_;  // of state_.closed
  std::vector<Gone> dropped_;              // go when `oldest` is durable
  std::set<uint64_t> failed_;              // segments whose disk has failed them
  std::vector<std::string> useless_;       // go after the next sync
  std::vector<ReadResult::Cut> cuts_;      // as well

  // One batch in pieces: small ones stand in `bytes_`, large bodies stay where they are.
  struct Piece {
    const char* outside = nullptr;  // or at `start` of bytes_
    size_t start = 0;
    size_t size = 0;
  };
  void AddInside(size_t start);
  std::string bytes_;
  std::vector<Piece> pieces_;
};

}  // namespace cohort::journal
