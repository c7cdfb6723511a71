#include "broker/journal/format.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>

namespace cohort::journal {
namespace {

static_assert(std::endian::native == std::endian::little, "the journal is little-endian");

constexpr uint32_t kSegmentMagic = 0x474a4843;  // "CHJG"
constexpr size_t kCheckedHeaderBytes = 24;
constexpr size_t kSmallPayload = 1024;
constexpr size_t kVersionOffset = kHeaderBytes;

uint32_t MagicOf(uint64_t key) { return static_cast<uint32_t>(key ^ (key >> 32)) | 1; }

uint64_t SeedOf(uint64_t key, uint64_t offset) { return key + offset; }

void AppendInteger(std::string& out, uint32_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}
void AppendInteger(std::string& out, uint64_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename T>
T IntegerAt(std::string_view bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

void AppendHeader(uint32_t magic, uint64_t payload, uint32_t type, uint64_t head, uint64_t sequence,
                  std::string& out) {
  AppendInteger(out, magic);
  AppendInteger(out, static_cast<uint32_t>(payload));
  AppendInteger(out, type);
  AppendInteger(out, static_cast<uint32_t>(head));
  AppendInteger(out, sequence);
}

// A record whose payload is its head: the payload is appended by `payload`, the check put between.
template <typename AppendPayload>
void AppendOwnRecord(uint32_t magic, uint32_t type, uint64_t payload_bytes, uint64_t sequence,
                     uint64_t seed, std::string& out, const AppendPayload& payload) {
  std::string record;
  AppendHeader(magic, payload_bytes, type, payload_bytes, sequence, record);
  payload(record);
  const uint64_t check = XXH3_64bits_withSeed(record.data(), record.size(), seed);
  record.insert(kCheckedHeaderBytes, reinterpret_cast<const char*>(&check), sizeof(check));
  out += record;
}

void AppendMark(const SyncedMark& mark, std::string& out) {
  AppendInteger(out, mark.synced.segment);
  AppendInteger(out, mark.synced.offset);
  AppendInteger(out, mark.synced_sequence);
  AppendInteger(out, mark.oldest_segment);
}

SyncedMark MarkAt(std::string_view bytes, size_t offset) {
  SyncedMark mark;
  mark.synced.segment = IntegerAt<uint64_t>(bytes, offset);
  mark.synced.offset = IntegerAt<uint64_t>(bytes, offset + 8);
  mark.synced_sequence = IntegerAt<uint64_t>(bytes, offset + 16);
  mark.oldest_segment = IntegerAt<uint64_t>(bytes, offset + 24);
  return mark;
}

// The check of pieces. One at a time in a thread: they share the thread's state, since making one
// costs more than a small record.
class Checker {
 public:
  explicit Checker(uint64_t seed) { XXH3_64bits_reset_withSeed(State(), seed); }
  void Add(std::string_view bytes) { XXH3_64bits_update(State(), bytes.data(), bytes.size()); }
  uint64_t Finish() const { return XXH3_64bits_digest(State()); }

 private:
  static XXH3_state_t* State() {
    struct Free {
      void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
    };
    thread_local const std::unique_ptr<XXH3_state_t, Free> state(XXH3_createState());
    return state.get();
  }
};

bool CheckHolds(std::string_view record, size_t payload, uint64_t seed) {
  // For few bytes a copy is cheaper than hashing in pieces.
  if (char bytes[kCheckedHeaderBytes + kSmallPayload]; payload <= kSmallPayload) {
    std::memcpy(bytes, record.data(), kCheckedHeaderBytes);
    std::memcpy(bytes + kCheckedHeaderBytes, record.data() + kHeaderBytes, payload);
    return XXH3_64bits_withSeed(bytes, kCheckedHeaderBytes + payload, seed) ==
           IntegerAt<uint64_t>(record, kCheckedHeaderBytes);
  }
  Checker checker(seed);
  checker.Add(record.substr(0, kCheckedHeaderBytes));
  checker.Add(record.substr(kHeaderBytes, payload));
  return checker.Finish() == IntegerAt<uint64_t>(record, kCheckedHeaderBytes);
}

}  // namespace

bool AllZero(std::string_view bytes) {
  return bytes.empty() ||
         (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

uint64_t ReachOfRecords(std::string_view bytes, uint64_t key) {
  constexpr uint32_t kMostType = 1 << 16;
  uint64_t reach = 0;
  for (uint64_t at = 0; at + kHeaderBytes <= bytes.size(); at += kAlignment) {
    if (!HasMagic(bytes, at, key)) continue;
    const uint64_t payload = IntegerAt<uint32_t>(bytes, at + 4);
    // Old bytes hold the magic by chance once in a thousand segments, a whole header never.
    const bool header = IntegerAt<uint32_t>(bytes, at + 8) < kMostType &&
                        IntegerAt<uint32_t>(bytes, at + 12) <= payload &&
                        payload <= kMaxRecordPayload;
    if (header)
      reach = std::max(reach, std::min<uint64_t>(bytes.size(), at + RecordBytes(payload)));
  }
  return reach;
}

void AppendHeaderAndHead(const JournalRecord& record, uint64_t key, uint64_t offset,
                         std::string& out) {
  uint64_t payload = record.head.size();
  for (const Body& body : record.bodies) payload += body.size();
  const size_t start = out.size();
  AppendHeader(MagicOf(key), payload, record.type, record.head.size(), record.sequence, out);
  Checker checker(SeedOf(key, offset));
  checker.Add(std::string_view(out).substr(start, kCheckedHeaderBytes));
  checker.Add(record.head);
  for (const Body& body : record.bodies) checker.Add(body.view());
  AppendInteger(out, checker.Finish());
  out += record.head;
}

void AppendBatchRecord(const BatchMark& batch, uint64_t first_sequence, uint64_t key,
                       uint64_t offset, std::string& out) {
  AppendOwnRecord(MagicOf(key), kBatchRecord, kBatchRecordBytes - kHeaderBytes, first_sequence,
                  SeedOf(key, offset), out, [&](std::string& payload) {
                    AppendMark(batch.mark, payload);
                    AppendInteger(payload, batch.records);
                    AppendInteger(payload, uint32_t{0});
                  });
}

void AppendSegmentRecord(const SegmentMark& segment, uint64_t first_sequence, std::string& out) {
  AppendOwnRecord(kSegmentMagic, kSegmentRecord, kSegmentRecordBytes - kHeaderBytes, first_sequence,
                  SeedOf(0, 0), out, [&](std::string& payload) {
                    AppendInteger(payload, segment.version);
                    AppendInteger(payload, uint32_t{segment.used_before});
                    AppendInteger(payload, segment.number);
                    AppendInteger(payload, segment.key);
                    AppendMark(segment.mark, payload);
                  });
}

bool HasMagic(std::string_view segment, uint64_t offset, uint64_t key) {
  return IntegerAt<uint32_t>(segment, offset) == MagicOf(key);
}

std::optional<ParsedRecord> ParseRecord(std::string_view segment, uint64_t offset, uint64_t key,
                                        bool verify) {
  if (offset % kAlignment != 0 || offset > segment.size()) return std::nullopt;
  const std::string_view rest = segment.substr(offset);
  if (rest.size() < kHeaderBytes) return std::nullopt;
  if (IntegerAt<uint32_t>(rest, 0) != MagicOf(key)) return std::nullopt;
  const uint64_t payload = IntegerAt<uint32_t>(rest, 4);
  const uint64_t head = IntegerAt<uint32_t>(rest, 12);
  const uint64_t bytes = RecordBytes(payload);
  if (payload > kMaxRecordPayload || head > payload || bytes > rest.size()) return std::nullopt;
  if (verify) {
    if (!CheckHolds(rest, payload, SeedOf(key, offset))) return std::nullopt;
    if (!AllZero(rest.substr(kHeaderBytes + payload, bytes - kHeaderBytes - payload))) {
      return std::nullopt;
    }
  }
  ParsedRecord record;
  record.type = IntegerAt<uint32_t>(rest, 8);
  record.sequence = IntegerAt<uint64_t>(rest, 16);
  record.head = rest.substr(kHeaderBytes, head);
  record.bodies = rest.substr(kHeaderBytes + head, payload - head);
  record.bytes = bytes;
  return record;
}

std::optional<BatchMark> ParseBatch(const ParsedRecord& record) {
  if (record.type != kBatchRecord || record.head.size() < kBatchRecordBytes - kHeaderBytes) {
    return std::nullopt;
  }
  return BatchMark{MarkAt(record.head, 0), IntegerAt<uint32_t>(record.head, 32)};
}

std::optional<SegmentMark> ParseSegmentRecord(std::string_view segment, bool verify) {
  if (segment.size() < kSegmentRecordBytes) return std::nullopt;
  if (IntegerAt<uint32_t>(segment, 0) != kSegmentMagic) return std::nullopt;
  if (IntegerAt<uint32_t>(segment, 8) != kSegmentRecord) return std::nullopt;
  const uint64_t payload = IntegerAt<uint32_t>(segment, 4);
  if (payload < kSegmentRecordBytes - kHeaderBytes || RecordBytes(payload) > segment.size()) {
    return std::nullopt;
  }
  if (verify && !CheckHolds(segment, payload, SeedOf(0, 0))) return std::nullopt;
  SegmentMark mark;
  mark.version = IntegerAt<uint32_t>(segment, kVersionOffset);
  if (mark.version > kFormatVersion) return mark;
  mark.used_before = IntegerAt<uint32_t>(segment, kVersionOffset + 4) != 0;
  mark.number = IntegerAt<uint64_t>(segment, kVersionOffset + 8);
  mark.key = IntegerAt<uint64_t>(segment, kVersionOffset + 16);
  mark.mark = MarkAt(segment, kVersionOffset + 24);
  return mark;
}

std::string SegmentName(uint64_t number, uint64_t key) {
  char name[64];
  std::snprintf(name, sizeof(name), "%012llu-%016llx.segment",
                static_cast<unsigned long long>(number), static_cast<unsigned long long>(key));
  return name;
}

std::optional<SegmentFile> ParseSegmentName(std::string_view name) {
  constexpr std::string_view kSuffix = ".segment";
  if (!name.ends_with(kSuffix)) return std::nullopt;
  name.remove_suffix(kSuffix.size());
  const size_t dash = name.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  SegmentFile file;
  const std::string_view number = name.substr(0, dash);
  const std::string_view key = name.substr(dash + 1);
  const auto end = [](std::string_view text) { return text.data() + text.size(); };
  const auto parsed_number = std::from_chars(number.data(), end(number), file.number);
  const auto parsed_key = std::from_chars(key.data(), end(key), file.key, 16);
  if (parsed_number.ec != std::errc() || parsed_number.ptr != end(number)) return std::nullopt;
  if (parsed_key.ec != std::errc() || parsed_key.ptr != end(key)) return std::nullopt;
  if (file.number == 0) return std::nullopt;
  return file;
}

}  // namespace cohort::journal
