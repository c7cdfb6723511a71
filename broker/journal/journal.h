// The broker's journal: numbered records, durable in order, group commit on a thread of its own.
//
// Every record appended while a sync runs goes into the next one, so that the rate of confirmations
// does not depend on how long a sync takes. A failed write or sync abandons the file; what was not
// confirmed is written again to another. Without room everything waits, nothing is lost, and it is
// tried again twice a second.
//
// All calls from any thread; none of them waits for the disk but Open and Close.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "broker/journal/file_layer.h"
#include "broker/journal/journal_state.h"
#include "broker/journal/record.h"
#include "libs/base/status.h"

namespace cohort {

class Journal {
 public:
  using Recovered = RecoveredRecord;

  struct Options {
    std::filesystem::path directory;  // made when it is missing; one journal per directory
    uint64_t segment_bytes = uint64_t{64} << 20;
    FileLayer* files = nullptr;  // the real one
    // From the journal's thread, after synced() or has_room() changed; must not block.
    std::function<void()> notify;
    bool sync = true;  // false: confirmed when written; a power cut loses tasks
  };

  // Reads what the directory holds, in order of sequence, and hands it to `apply`; a failure of
  // `apply` ends the opening with that failure. `progress` may be null. Fails when the directory is
  // locked, unreadable or written by a newer version, or when the disk cannot sync what was read;
  // damage is no failure: state().recovery tells of it. Until all was read, it writes nothing but
  // copies of damaged bytes.
  static Result<std::unique_ptr<Journal>> Open(
      Options options, const std::function<Status(const Recovered&)>& apply,
      const std::function<void(const RecoveryProgress&)>& progress);

  ~Journal();  // closes

  // Sequences go on from state().recovery.last_sequence without a gap. Costs a push.
  void Append(std::vector<JournalRecord> records);

  // All records up to this one are durable.
  uint64_t synced() const;
  // False: a spare segment could not be allocated, so admit nothing that would grow the journal.
  bool has_room() const;
  JournalState state() const;

  // The records below `sequence` are needed no more: every closed segment that holds no other goes,
  // after the next sync.
  void DropSegmentsBelow(uint64_t sequence);

  // Writes and syncs everything, and names its end as synced. Tries once when there is no room.
  void Close();

 private:
  struct Core;
  explicit Journal(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace cohort
