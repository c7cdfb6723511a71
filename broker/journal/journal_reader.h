// Recovery: reads a journal's directory in order and tells what may go and what must be written
// again.
//
// Synchronous, single-threaded; reads every byte once (the newest segment twice) into one buffer of
// a segment's size. Writes nothing but copies of damaged bytes in `damaged/`. See format.h for what
// makes bytes count.
//
// Below the highest synced position that a valid record names, a bad place is damage: it is
// reported, its bytes are copied to a side file, and reading goes on at the next valid record.
// Above it the first bad place ends the journal: zeros are space that was never written, anything
// else is a torn tail. Records above it that are whole and in sequence are handed out as well: the
// last ones confirmed are among them, since only a later batch names them. MakeTailDurable before
// anything is built on them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "broker/journal/file_layer.h"
#include "broker/journal/format.h"
#include "broker/journal/journal_state.h"
#include "broker/journal/record.h"
#include "libs/base/status.h"

namespace cohort::journal {

struct ReadOptions {
  std::filesystem::path directory;
  FileLayer* files = nullptr;
  bool verify = true;  // false leaves the checks out, so that tests can show what they are for
};

struct ReadResult {
  RecoveryReport report;  // without seconds

  Position end;               // of what counts; report.last_sequence is the last one before it
  uint64_t next_segment = 1;  // above every number seen
  std::vector<SegmentInfo> segments;  // those that count, oldest first
  std::vector<std::string> names;     // of `segments`

  // The bytes up to `end` of which nobody says that they are durable: all in one segment. Empty
  // name: none.
  struct Tail {
    std::string name;
    uint64_t from = 0;
    uint64_t to = 0;
  };
  Tail tail;

  struct Cut {
    std::string name;
    uint64_t bytes = 0;
  };
  // To be done once `end` stands in a new segment: segments with bytes beyond their end, and files
  // that are void, dropped or torn.
  std::vector<Cut> cuts;
  std::vector<std::string> useless;
};

// A directory that is missing or empty is an empty journal. `apply` and `progress` as in
// Journal::Open.
Result<ReadResult> ReadJournal(const ReadOptions& options,
                               const std::function<Status(const RecoveredRecord&)>& apply,
                               const std::function<void(const RecoveryProgress&)>& progress);

// Writes the tail once more in its place and syncs it. Syncing alone would prove nothing: after a
// failed sync in an earlier life the kernel takes bytes for clean that never reached the disk.
Status MakeTailDurable(const ReadOptions& options, const ReadResult& read);

}  // namespace cohort::journal
