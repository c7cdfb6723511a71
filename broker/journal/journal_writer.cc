#include "broker/journal/journal_writer.h"

#include <limits.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace cohort::journal {
namespace {

constexpr uint64_t kDiskBlock = 4096;
constexpr size_t kMaxBatchRecords = 8192;
constexpr uint64_t kMaxBatchBytes = uint64_t{32} << 20;
// Smaller bodies are copied: that costs less than a piece of its own.
constexpr size_t kOutsideBytes = 2048;

uint64_t BlocksOf(uint64_t bytes) { return (bytes + kDiskBlock - 1) / kDiskBlock * kDiskBlock; }

// What is kept free in a segment for markers.
uint64_t MarkerSpace(uint64_t segment) {
  return std::clamp<uint64_t>(segment / 64, kBatchRecordBytes, 64 * kBatchRecordBytes);
}

uint64_t PayloadOf(const JournalRecord& record) {
  uint64_t bytes = record.head.size();
  for (const Body& body : record.bodies) bytes += body.size();
  return bytes;
}

}  // namespace

JournalWriter::JournalWriter(Options options, ReadResult read)
    : options_(std::move(options)),
      synced_(read.end),
      synced_sequence_(read.report.last_sequence),
      next_segment_(read.next_segment),
      closed_names_(std::move(read.names)),
      useless_(std::move(read.useless)),
      cuts_(std::move(read.cuts)) {
  std::erase(useless_, kSpareName);
  state_.closed = std::move(read.segments);
  oldest_ = state_.closed.empty() ? next_segment_ : state_.closed.front().number;
}

void JournalWriter::Add(std::vector<JournalRecord> records) {
  for (JournalRecord& record : records) {
    if (PayloadOf(record) > kMaxRecordPayload) {
      AbortOnBadResult(Internal("a journal record of " + std::to_string(PayloadOf(record)) +
                                " bytes: the broker's bounds must keep them below 2 GiB"));
    }
    unconfirmed_.push_back(std::move(record));
  }
}

bool JournalWriter::Write() {
  // One failure is cured by another segment; a second one in a row is the disk's.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const uint64_t abandoned = state_.abandoned_segments;
    if (WriteOnce()) return true;
    if (state_.abandoned_segments == abandoned) return false;
  }
  return false;
}

bool JournalWriter::WriteOnce() {
  while (has_unwritten()) {
    const uint64_t need = RecordBytes(PayloadOf(unconfirmed_[written_]));
    if (!file_ && !OpenSegment(need)) return false;
    if (const size_t count = CountThatFits(); count > 0) {
      if (!WriteBatch(count)) return false;
    } else {
      // The open segment stays until there is another: a marker still fits into it.
      if (!Sync() || !EnsureSpare()) return false;
      Close();
    }
  }
  return true;
}

bool JournalWriter::Commit() {
  for (int attempt = 0; attempt < 2; ++attempt) {
    const uint64_t abandoned = state_.abandoned_segments;
    if (Write() && (file_ || OpenSegment(0)) && Sync()) return true;
    if (state_.abandoned_segments == abandoned) return false;
  }
  return false;
}

bool JournalWriter::WantsMarker() const {
  return written_oldest_ != oldest_ || durable_oldest_ != oldest_ ||
         (file_ && records_end_ > 0 && named_ < Position{number_, records_end_});
}

bool JournalWriter::CommitMarker() {
  const bool done = Commit();
  if (!WantsMarker()) return done;
  // Without room for records there is still some for a marker, and a drop that it names makes more.
  if (file_ && WriteBatch(0) && Sync() && done) return true;
  return Commit();
}

bool JournalWriter::Finish() {
  if (!CommitMarker()) return false;
  if (file_) Close();
  return true;
}

SyncedMark JournalWriter::Mark() {
  named_ = synced_;
  written_oldest_ = oldest_;
  return {synced_, synced_sequence_, oldest_};
}

size_t JournalWriter::CountThatFits() const {
  const uint64_t own = kBatchRecordBytes + MarkerSpace(options_.segment_bytes);
  if (offset_ + own > allocated_) return 0;
  const uint64_t room = allocated_ - offset_ - own;
  uint64_t bytes = 0;
  size_t count = 0;
  while (written_ + count < unconfirmed_.size() && count < kMaxBatchRecords) {
    bytes += RecordBytes(PayloadOf(unconfirmed_[written_ + count]));
    if (bytes > room || (count > 0 && bytes > kMaxBatchBytes)) break;
    ++count;
  }
  return count;
}

bool JournalWriter::WriteBatch(size_t count) {
  bytes_.clear();
  pieces_.clear();
  const uint64_t first =
      count > 0 ? unconfirmed_[written_].sequence : synced_sequence_ + written_ + 1;
  uint64_t end = offset_;
  AppendBatchRecord({Mark(), static_cast<uint32_t>(count)}, first, key_, end, bytes_);
  end += kBatchRecordBytes;
  AddInside(0);
  for (size_t i = 0; i < count; ++i) {
    const JournalRecord& record = unconfirmed_[written_ + i];
    const uint64_t payload = PayloadOf(record);
    size_t start = bytes_.size();
    AppendHeaderAndHead(record, key_, end, bytes_);
    for (const Body& body : record.bodies) {
      if (body.size() < kOutsideBytes) {
        bytes_ += body.view();
        continue;
      }
      AddInside(start);
      pieces_.push_back({body.view().data(), 0, body.size()});
      start = bytes_.size();
    }
    bytes_.append(Padded(payload) - payload, '\0');
    AddInside(start);
    end += RecordBytes(payload);
  }
  if (!WriteAll()) return false;
  state_.bytes += end - offset_;
  offset_ = end;
  if (count > 0) {
    state_.batch_records.Observe(static_cast<double>(count));
    records_end_ = end;
    written_ += count;
  }
  return true;
}

void JournalWriter::AddInside(size_t start) {
  const size_t size = bytes_.size() - start;
  if (size == 0) return;
  if (!pieces_.empty() && !pieces_.back().outside &&
      pieces_.back().start + pieces_.back().size == start) {
    pieces_.back().size += size;
  } else {
    pieces_.push_back({nullptr, start, size});
  }
}

// Writes the pieces at the end of the open segment, or abandons it.
bool JournalWriter::WriteAll() {
  std::vector<iovec> vectors;
  vectors.reserve(pieces_.size());
  for (const Piece& piece : pieces_) {
    const char* data = piece.outside ? piece.outside : bytes_.data() + piece.start;
    vectors.push_back({const_cast<char*>(data), piece.size});
  }
  uint64_t offset = offset_;
  std::span<iovec> rest = vectors;
  while (!rest.empty()) {
    const auto some = rest.first(std::min<size_t>(rest.size(), IOV_MAX));
    const Result<size_t> written = file_->WriteAt(offset, some);
    if (!written.ok()) {
      Abandon(written.status().message(), state_.failed_writes);
      return false;
    }
    offset += *written;
    size_t done = *written;
    while (!rest.empty() && done >= rest.front().iov_len) {
      done -= rest.front().iov_len;
      rest = rest.subspan(1);
    }
    if (done > 0) {
      rest.front().iov_base = static_cast<char*>(rest.front().iov_base) + done;
      rest.front().iov_len -= done;
    }
  }
  return true;
}

bool JournalWriter::Sync() {
  if (synced_ == Position{number_, offset_}) return true;
  if (options_.sync) {
    if (!name_synced_) {
      if (const Status status = options_.files->SyncDirectory(options_.directory); !status.ok()) {
        Abandon(status.message(), state_.failed_syncs);
        return false;
      }
    }
    const auto start = std::chrono::steady_clock::now();
    if (const Status status = file_->DataSync(); !status.ok()) {
      Abandon(status.message(), state_.failed_syncs);
      return false;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    state_.sync_seconds.Observe(took.count());
    ++state_.syncs;
  }
  name_synced_ = true;
  synced_ = {number_, offset_};
  if (written_ > 0) synced_sequence_ = unconfirmed_[written_ - 1].sequence;
  state_.records += written_;
  unconfirmed_.erase(unconfirmed_.begin(), unconfirmed_.begin() + static_cast<ptrdiff_t>(written_));
  written_ = 0;
  durable_oldest_ = written_oldest_;
  CleanUp();
  return true;
}

bool JournalWriter::OpenSegment(uint64_t record_bytes) {
  const uint64_t need =
      kSegmentRecordBytes + kBatchRecordBytes + record_bytes + MarkerSpace(options_.segment_bytes);
  if (!EnsureSpare()) return false;
  if (need > spare_bytes_) {
    if (const Status status = spare_->Preallocate(need); !status.ok()) {
      state_.has_room = false;
      state_.room_reason = status.message();
      Fail(status);
      return false;
    }
    spare_bytes_ = need;
  }
  number_ = next_segment_++;
  key_ = options_.random();
  name_ = SegmentName(number_, key_);
  const Status renamed =
      options_.files->Rename(options_.directory / kSpareName, options_.directory / name_);
  if (!renamed.ok()) {
    Fail(renamed);
    spare_.reset();
    return false;
  }
  file_ = std::move(spare_);
  allocated_ = spare_bytes_;
  used_before_ = spare_used_before_;
  first_sequence_ = synced_sequence_ + 1;
  offset_ = records_end_ = 0;
  name_synced_ = false;
  if (!WriteSegmentRecord()) return false;
  EnsureSpare();
  return true;
}

bool JournalWriter::WriteSegmentRecord() {
  SegmentMark segment;
  segment.number = number_;
  segment.key = key_;
  segment.used_before = used_before_;
  if (state_.closed.empty()) oldest_ = number_;
  segment.mark = Mark();
  bytes_.clear();
  pieces_.clear();
  AppendSegmentRecord(segment, first_sequence_, bytes_);
  AddInside(0);
  if (!WriteAll()) return false;
  offset_ = kSegmentRecordBytes;
  return true;
}

bool JournalWriter::EnsureSpare() {
  if (!spare_) {
    // Never one that is left over: it may have been a segment whose name was lost.
    (void)options_.files->Remove(options_.directory / kSpareName);
    Result<std::unique_ptr<File>> spare = options_.files->Create(options_.directory / kSpareName);
    Status status = spare.ok() ? (*spare)->Preallocate(options_.segment_bytes) : spare.status();
    if (!status.ok()) {
      state_.has_room = false;
      state_.room_reason = status.message();
      Fail(status);
      // What was allocated in part is given back.
      if (spare.ok()) (void)(*spare)->Truncate(0);
      return false;
    }
    spare_ = *std::move(spare);
    spare_bytes_ = options_.segment_bytes;
    spare_used_before_ = false;
  }
  state_.has_room = true;
  state_.room_reason.clear();
  return true;
}

// The open segment is synced and takes no more.
void JournalWriter::Close() {
  if (const Status cut = file_->Truncate(offset_); !cut.ok()) Fail(cut);
  state_.closed.push_back({number_, first_sequence_, offset_});
  closed_names_.push_back(name_);
  file_.reset();
}

// What is synced in the open segment counts, the rest is written again elsewhere.
void JournalWriter::Abandon(const std::string& reason, uint64_t& counter) {
  ++counter;
  ++state_.abandoned_segments;
  state_.last_error = reason;
  if (synced_.segment == number_) {
    // Not within the last block: cutting there would write synced bytes again, on a disk that just
    // failed.
    (void)file_->Truncate(BlocksOf(synced_.offset));
    failed_.insert(number_);
    state_.closed.push_back({number_, first_sequence_, synced_.offset});
    closed_names_.push_back(name_);
  } else if (!options_.files->Remove(options_.directory / name_).ok()) {
    useless_.push_back(name_);
  }
  file_.reset();
  written_ = 0;
  written_oldest_ = durable_oldest_;
}

void JournalWriter::DropSegmentsBelow(uint64_t sequence) {
  size_t count = 0;
  std::vector<SegmentInfo>& closed = state_.closed;
  while (count < closed.size()) {
    const uint64_t next = count + 1 < closed.size() ? closed[count + 1].first_sequence
                          : file_                   ? first_sequence_
                                                    : synced_sequence_ + 1;
    if (next > sequence) break;
    dropped_.push_back({closed_names_[count], closed[count].number, closed[count].bytes});
    ++count;
  }
  closed.erase(closed.begin(), closed.begin() + static_cast<ptrdiff_t>(count));
  closed_names_.erase(closed_names_.begin(), closed_names_.begin() + static_cast<ptrdiff_t>(count));
  if (count == 0) return;
  oldest_ = !closed.empty() ? closed.front().number : file_ ? number_ : next_segment_;
}

void JournalWriter::CleanUp() {
  const auto gone = [&](const std::string& name) {
    const Status status = options_.files->Remove(options_.directory / name);
    if (!status.ok() && status.code() != StatusCode::kNotFound) Fail(status);
    return status.ok() || status.code() == StatusCode::kNotFound;
  };
  bool freed = !cuts_.empty() || !useless_.empty();
  std::erase_if(useless_, [&](const std::string& name) { return gone(name); });
  std::erase_if(dropped_, [&](const Gone& segment) {
    if (segment.number >= durable_oldest_) return false;
    if (!Reuse(segment) && !gone(segment.name)) return false;
    freed = true;
    return true;
  });
  for (const ReadResult::Cut& cut : cuts_) {
    const auto file = options_.files->Open(options_.directory / cut.name);
    if (const Status status = file.ok() ? (*file)->Truncate(cut.bytes) : file.status();
        !status.ok() && status.code() != StatusCode::kNotFound) {
      Fail(status);
    }
  }
  cuts_.clear();
  if (freed && !state_.has_room) EnsureSpare();
}

// Makes a dropped segment the spare, in place of a fresh one. Its blocks are written: the syncs of
// the next segment need not tell the file system so, which takes them half of their time.
bool JournalWriter::Reuse(const Gone& segment) {
  const bool fits = segment.bytes > options_.segment_bytes / 2 &&  // most of it is written
                    segment.bytes <= options_.segment_bytes;
  const bool failed = failed_.erase(segment.number) > 0;
  if (!fits || failed || (spare_ && spare_used_before_)) return false;
  auto file = options_.files->Open(options_.directory / segment.name);
  if (!file.ok() || !(*file)->Preallocate(options_.segment_bytes).ok()) return false;
  const Status renamed =
      options_.files->Rename(options_.directory / segment.name, options_.directory / kSpareName);
  if (!renamed.ok()) return false;
  spare_ = *std::move(file);
  spare_bytes_ = options_.segment_bytes;
  spare_used_before_ = true;
  ++state_.reused_segments;
  return true;
}

const JournalState& JournalWriter::state() {
  state_.synced = synced_sequence_;
  state_.pending_records = unconfirmed_.size();
  state_.open_segment = file_ ? number_ : 0;
  state_.open_first_sequence = file_ ? first_sequence_ : synced_sequence_ + 1;
  state_.open_bytes = file_ ? offset_ : 0;
  state_.disk_bytes = (file_ ? allocated_ : 0) + (spare_ ? spare_bytes_ : 0);
  for (const SegmentInfo& segment : state_.closed) state_.disk_bytes += segment.bytes;
  for (const Gone& segment : dropped_) state_.disk_bytes += segment.bytes;
  return state_;
}

}  // namespace cohort::journal
