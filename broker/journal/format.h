// How the journal's bytes look. Pure: nothing here reads or writes a file.
//
// A segment is a file `<number>-<key>.segment`. Everything in it starts at a multiple of 8: a
// segment record, then batches, each a batch record and the records it counts, then zeros, or what
// the file held when it was an earlier segment. Integers are little-endian.
//
//   record:  magic u32 | payload bytes u32 | type u32 | head bytes u32 | sequence u64 | check u64 |
//            payload = head, bodies | zeros up to a multiple of 8
//
// The check is XXH3 (64 bits) of the 24 bytes before it and the payload, seeded with the segment's
// random key and the record's offset, and the magic comes from the key as well: a body that holds a
// copy of a journal, or bytes made by a clever peer, can never be taken for a record when recovery
// looks for the next one behind a damaged place. The key is part of the file's name; the segment
// record, whose own magic is fixed, must repeat it.
//
// A position (segment, offset) is synced when everything before it is durable. Segment and batch
// records name the last one known when they were written, so a later valid record says which bytes
// must be there. A position that lies in an earlier segment is also that segment's end: what lies
// beyond it, and whole segments in between, were abandoned after a failed sync or a crash and count
// for nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/journal/record.h"

namespace cohort::journal {

constexpr uint32_t kFormatVersion = 2;  // 1: no file was used before
constexpr size_t kAlignment = 8;
constexpr size_t kHeaderBytes = 32;

enum : uint32_t { kBatchRecord = 1, kSegmentRecord = 2 };

constexpr uint64_t Padded(uint64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

struct Position {
  uint64_t segment = 0;  // 0: nothing was ever synced
  uint64_t offset = 0;
  auto operator<=>(const Position&) const = default;
};

// What both of the journal's own records say.
struct SyncedMark {
  Position synced;
  uint64_t synced_sequence = 0;  // of the last record before `synced`
  uint64_t oldest_segment = 0;   // those before it are dropped
  bool operator==(const SyncedMark&) const = default;
};

struct BatchMark {
  SyncedMark mark;
  uint32_t records = 0;
  bool operator==(const BatchMark&) const = default;
};

struct SegmentMark {
  uint32_t version = kFormatVersion;
  // The file was a segment before: where nothing of this one stands, old bytes may, and not zeros.
  bool used_before = false;
  uint64_t number = 0;
  uint64_t key = 0;
  SyncedMark mark;
  bool operator==(const SegmentMark&) const = default;
};

constexpr size_t kBatchRecordBytes = kHeaderBytes + 40;
constexpr size_t kSegmentRecordBytes = kHeaderBytes + 56;

// Bytes in the file of a record with such a payload.
constexpr uint64_t RecordBytes(uint64_t payload) { return kHeaderBytes + Padded(payload); }

// Appends the header of `record` as it stands at `offset`, then its head. The bodies follow, then
// zeros up to a multiple of 8. Costs one pass over the bodies.
void AppendHeaderAndHead(const JournalRecord& record, uint64_t key, uint64_t offset,
                         std::string& out);
void AppendBatchRecord(const BatchMark& batch, uint64_t first_sequence, uint64_t key,
                       uint64_t offset, std::string& out);
// At offset 0. `first_sequence` is that of the first record to come.
void AppendSegmentRecord(const SegmentMark& segment, uint64_t first_sequence, std::string& out);

// Whether a record may begin at `offset`: a cheap look before ParseRecord, where most places hold
// none.
bool HasMagic(std::string_view segment, uint64_t offset, uint64_t key);

struct ParsedRecord {
  uint64_t sequence = 0;
  uint32_t type = 0;
  std::string_view head;
  std::string_view bodies;
  uint64_t bytes = 0;  // with header and padding
};

// The record at `offset` of a segment's bytes; nothing when there is none or it is damaged.
// `verify` false leaves the check out: for tests that show what the check is for.
std::optional<ParsedRecord> ParseRecord(std::string_view segment, uint64_t offset, uint64_t key,
                                        bool verify = true);
std::optional<BatchMark> ParseBatch(const ParsedRecord& record);
// The segment record at the start of a segment's bytes. Of a newer version only `version` is told.
std::optional<SegmentMark> ParseSegmentRecord(std::string_view segment, bool verify = true);

bool AllZero(std::string_view bytes);
// How far the records of the segment of this key reach into `bytes`, valid or torn, which begin at
// a multiple of 8: the end of the last that bears its magic, 0 when none does.
uint64_t ReachOfRecords(std::string_view bytes, uint64_t key);

std::string SegmentName(uint64_t number, uint64_t key);
struct SegmentFile {
  uint64_t number = 0;
  uint64_t key = 0;
};
std::optional<SegmentFile> ParseSegmentName(std::string_view name);
// A segment record counts only in the file that it was written for: after a crash a new name may
// show old bytes.
inline bool IsOf(const SegmentMark& mark, const SegmentFile& file) {
  return mark.number == file.number && mark.key == file.key;
}
constexpr std::string_view kSpareName = "spare";
constexpr std::string_view kDamagedFolder = "damaged";

}  // namespace cohort::journal
