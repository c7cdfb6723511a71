#include "broker/journal/journal_reader.h"

#include <algorithm>
#include <utility>

#include "broker/journal/segment_chain.h"

namespace cohort::journal {
namespace {

class Reader {
 public:
  Reader(const ReadOptions& options, SegmentChain chain,
         const std::function<Status(const RecoveredRecord&)>& apply,
         const std::function<void(const RecoveryProgress&)>& progress)
      : options_(options),
        chain_(std::move(chain)),
        apply_(apply),
        progress_(progress),
        synced_(chain_.mark.synced) {}

  Result<ReadResult> Read() {
    result_.end = synced_;
    result_.next_segment = chain_.next_segment;
    result_.useless = chain_.useless;
    for (const uint64_t number : chain_.missing) {
      result_.report.damages.push_back({number, 0, 0, "", "the segment is missing"});
    }
    for (const ChainSegment& segment : chain_.segments) {
      if (!ended_) COHORT_RETURN_IF_ERROR(ReadSegment(segment));
      first_sequences_.push_back(first_ != 0 ? first_ : last_ + 1);
    }
    ReachSyncedEnd();
    PlaceSegments();
    if (result_.report.missing_records > 0 && result_.report.damages.empty()) {
      result_.report.damages.push_back(
          {synced_.segment, synced_.offset, 0, "", "records before this place are missing"});
    }
    result_.report.last_sequence = last_;
    result_.report.segments = chain_.segments.size();
    std::stable_sort(result_.report.damages.begin(), result_.report.damages.end(),
                     [](const JournalDamage& a, const JournalDamage& b) {
                       return std::pair(a.segment, a.offset) < std::pair(b.segment, b.offset);
                     });
    return std::move(result_);
  }

 private:
  Status ReadSegment(const ChainSegment& segment) {
    COHORT_RETURN_IF_ERROR(buffer_.Load(*options_.files, options_.directory / segment.name));
    std::string_view bytes = buffer_.bytes();
    if (segment.end && *segment.end < bytes.size()) bytes = bytes.substr(0, *segment.end);
    result_.report.bytes += bytes.size();

    number_ = segment.file.number;
    first_ = 0;
    end_known_ = segment.end.has_value() || number_ >= synced_.segment;
    key_ = segment.file.key;
    used_before_ = true;
    to_come_ = 0;
    uint64_t offset = 0;
    const auto own = ParseSegmentRecord(bytes, options_.verify);
    if (own && IsOf(*own, segment.file)) {
      used_before_ = own->used_before;
      offset = kSegmentRecordBytes;
      if (last_ == 0) last_ = own->mark.synced_sequence;
      Extend(offset);
    }
    while (offset < bytes.size() && !ended_) {
      if (const auto record = ParseRecord(bytes, offset, key_, options_.verify)) {
        COHORT_RETURN_IF_ERROR(Take(*record, offset, bytes));
        offset += record->bytes;
        if (!ended_) Extend(offset);
      } else {
        offset = PassBadPlace(bytes, offset);
      }
    }
    const uint64_t expected = segment.end                  ? *segment.end
                              : synced_.segment == number_ ? synced_.offset
                                                           : 0;
    if (bytes.size() < expected) {
      result_.report.damages.push_back(
          {number_, bytes.size(), expected - bytes.size(), "", "the file is too short"});
    }
    Tell();
    return {};
  }

  Status Take(const ParsedRecord& record, uint64_t offset, std::string_view bytes) {
    const bool synced = Position{number_, offset} < synced_;
    if (!synced) ReachSyncedEnd();
    if (const auto batch = ParseBatch(record)) to_come_ = batch->records;
    if (record.type < kFirstRecordType) return {};
    if (to_come_ > 0) --to_come_;
    if (first_ == 0) first_ = record.sequence;
    if (record.sequence <= last_) return {};  // written again after a failed sync
    if (last_ != 0 && record.sequence != last_ + 1) {
      if (!synced) {
        EndTorn(bytes, offset);
        return {};
      }
      result_.report.missing_records += record.sequence - last_ - 1;
    }
    COHORT_RETURN_IF_ERROR(apply_({record.sequence, record.type, record.head, record.bodies}));
    last_ = record.sequence;
    ++result_.report.records;
    return {};
  }

  void Extend(uint64_t offset) { result_.end = std::max(result_.end, {number_, offset}); }

  // Returns where to go on: the next valid record, or the end.
  uint64_t PassBadPlace(std::string_view bytes, uint64_t offset) {
    if (Position{number_, offset} >= synced_) {
      ReachSyncedEnd();
      EndTorn(bytes, offset);
      return bytes.size();
    }
    if (!end_known_ && WrittenBytes(bytes.substr(offset)) == 0) return bytes.size();
    uint64_t next = FindRecord(bytes, offset + kAlignment, key_, options_.verify);
    if (synced_.segment == number_ && next > synced_.offset) {
      next = std::min<uint64_t>(synced_.offset, bytes.size());
    }
    JournalDamage damage{number_, offset, next - offset, "", "the check does not hold"};
    damage.side_file = KeepAside(bytes.substr(offset, next - offset), offset);
    result_.report.damages.push_back(std::move(damage));
    return next;
  }

  // What was confirmed ends here: records that should have come by now are missing.
  void ReachSyncedEnd() {
    if (last_ >= chain_.mark.synced_sequence) return;
    if (last_ != 0 || result_.report.damages.empty()) {
      result_.report.missing_records += chain_.mark.synced_sequence - last_;
    }
    last_ = chain_.mark.synced_sequence;
  }

  void EndTorn(std::string_view bytes, uint64_t offset) {
    ended_ = true;
    const uint64_t written = WrittenBytes(bytes.substr(offset));
    if (written == 0) return;
    result_.report.torn_segment = number_;
    result_.report.torn_offset = offset;
    result_.report.torn_bytes = written;
  }

  // … of this segment, as far as that can be told: a file's earlier life wrote none of them.
  uint64_t WrittenBytes(std::string_view rest) const {
    if (used_before_ && !buffer_.unreadable()) {
      // Of a record that its batch counted at least a header.
      const uint64_t least = to_come_ > 0 ? kHeaderBytes : 0;
      rest = rest.substr(0, std::max(ReachOfRecords(rest, key_), least));
    }
    if (AllZero(rest)) return 0;
    while (rest.back() == 0) rest.remove_suffix(1);
    return rest.size();
  }

  std::string KeepAside(std::string_view bytes, uint64_t offset) {
    FileLayer& files = *options_.files;
    const std::filesystem::path folder = options_.directory / kDamagedFolder;
    const std::filesystem::path path =
        folder / ("segment-" + std::to_string(number_) + "-offset-" + std::to_string(offset));
    if (!files.MakeDirectories(folder).ok()) return "";
    const auto file = files.Create(path);
    if (!file.ok()) return "";
    for (uint64_t done = 0; done < bytes.size();) {
      const iovec piece{const_cast<char*>(bytes.data()) + done, bytes.size() - done};
      const auto written = (*file)->WriteAt(done, {&piece, 1});
      if (!written.ok()) return "";
      done += *written;
    }
    return path.string();
  }

  // Which segments stay, which lose what lies beyond their end, which go, and where the tail is.
  void PlaceSegments() {
    const Position end = result_.end;
    for (size_t i = 0; i < chain_.segments.size(); ++i) {
      const ChainSegment& segment = chain_.segments[i];
      const uint64_t number = segment.file.number;
      if (number > end.segment) {
        result_.useless.push_back(segment.name);
        continue;
      }
      uint64_t bytes = segment.size;
      if (segment.end) bytes = std::min(bytes, *segment.end);
      if (number == end.segment) bytes = std::min(bytes, end.offset);
      if (bytes < segment.size) result_.cuts.push_back({segment.name, bytes});
      result_.names.push_back(segment.name);
      result_.segments.push_back({number, first_sequences_[i], bytes});
      if (number == end.segment && end > synced_) {
        const uint64_t from = number == synced_.segment ? synced_.offset : 0;
        result_.tail = {segment.name, from, end.offset};
      }
    }
  }

  void Tell() {
    if (!progress_) return;
    progress_({result_.report.bytes, chain_.total_bytes, result_.report.records});
  }

  const ReadOptions& options_;
  const SegmentChain chain_;
  const std::function<Status(const RecoveredRecord&)>& apply_;
  const std::function<void(const RecoveryProgress&)>& progress_;
  SegmentBuffer buffer_;
  ReadResult result_;
  const Position synced_;  // the highest that is named
  std::vector<uint64_t> first_sequences_;
  // Of the segment that is read.
  uint64_t number_ = 0;
  uint64_t key_ = 0;
  bool used_before_ = false;
  uint32_t to_come_ = 0;  // records of the batch that is read
  uint64_t first_ = 0;    // sequence of its first record
  bool end_known_ = true;
  uint64_t last_ = 0;  // sequence handed out, or known to be missing
  bool ended_ = false;
};

}  // namespace

Result<ReadResult> ReadJournal(const ReadOptions& options,
                               const std::function<Status(const RecoveredRecord&)>& apply,
                               const std::function<void(const RecoveryProgress&)>& progress) {
  COHORT_ASSIGN_OR_RETURN(SegmentChain chain,
                          FindChain(*options.files, options.directory, options.verify));
  return Reader(options, std::move(chain), apply, progress).Read();
}

Status MakeTailDurable(const ReadOptions& options, const ReadResult& read) {
  if (read.tail.name.empty()) return {};
  COHORT_ASSIGN_OR_RETURN(const auto file, options.files->Open(options.directory / read.tail.name));
  std::string bytes;
  for (uint64_t at = read.tail.from; at < read.tail.to; at += bytes.size()) {
    bytes.resize(std::min<uint64_t>(read.tail.to - at, 1 << 20));
    COHORT_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(at, bytes));
    if (got < bytes.size()) {
      return DataLoss("the journal segment " + read.tail.name +
                      " became shorter while it was read");
    }
    for (size_t done = 0; done < bytes.size();) {
      const iovec piece{bytes.data() + done, bytes.size() - done};
      COHORT_ASSIGN_OR_RETURN(const size_t written, file->WriteAt(at + done, {&piece, 1}));
      done += written;
    }
  }
  COHORT_RETURN_IF_ERROR(file->DataSync());
  return options.files->SyncDirectory(options.directory);
}

}  // namespace cohort::journal
