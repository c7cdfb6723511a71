#include "broker/journal/segment_chain.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cohort::journal {
namespace {

constexpr size_t kDiskBlock = 4096;

Status RefuseNewer(const std::filesystem::path& path, uint32_t version) {
  return FailedPrecondition(path.string() + " is a journal of format " + std::to_string(version) +
                            ", this broker reads formats up to " + std::to_string(kFormatVersion) +
                            ": start the newer broker that wrote it, or name another directory");
}

// Every valid mark in a segment, in order of place; stops when `use` returns false.
template <typename Use>
void ForEachMark(std::string_view segment, const SegmentFile& file, bool verify, const Use& use) {
  const uint64_t key = file.key;
  uint64_t offset = 0;
  if (const auto own = ParseSegmentRecord(segment, verify); own && IsOf(*own, file)) {
    offset = kSegmentRecordBytes;
    if (!use(own->mark)) return;
  }
  while (offset < segment.size()) {
    const auto record = ParseRecord(segment, offset, key, verify);
    if (!record) {
      offset = FindRecord(segment, offset + kAlignment, key, verify);
      continue;
    }
    if (const auto batch = ParseBatch(*record); batch && !use(batch->mark)) return;
    offset += record->bytes;
  }
}

class ChainFinder {
 public:
  ChainFinder(FileLayer& files, const std::filesystem::path& directory, bool verify)
      : files_(files), directory_(directory), verify_(verify) {}

  Result<SegmentChain> Find() {
    COHORT_RETURN_IF_ERROR(ListSegments());
    size_t top = all_.size();
    bool found = false;
    while (top > 0 && !found) {
      --top;
      COHORT_ASSIGN_OR_RETURN(found, TakeMark(all_[top]));
    }
    // Above the newest segment with a valid mark: torn, or never written.
    for (size_t i = all_.size(); found && i-- > top + 1;) Keep(i);
    if (!found) {
      for (size_t i = all_.size(); i-- > 0;) Keep(i);
    } else {
      COHORT_RETURN_IF_ERROR(FollowLinks(top));
    }
    std::reverse(chain_.segments.begin(), chain_.segments.end());
    for (const ChainSegment& segment : all_) {
      if (!segment.name.empty()) chain_.useless.push_back(segment.name);
    }
    return std::move(chain_);
  }

 private:
  Status ListSegments() {
    Result<std::vector<std::string>> names = files_.List(directory_);
    if (!names.ok()) {
      return names.status().code() == StatusCode::kNotFound ? Status() : names.status();
    }
    for (const std::string& name : *names) {
      if (name == kSpareName) chain_.useless.push_back(name);
      if (const auto file = ParseSegmentName(name)) all_.push_back({name, *file, 0, {}});
    }
    std::sort(all_.begin(), all_.end(), [](const ChainSegment& a, const ChainSegment& b) {
      return a.file.number < b.file.number;
    });
    for (ChainSegment& segment : all_) {
      COHORT_ASSIGN_OR_RETURN(const auto file, files_.Open(directory_ / segment.name));
      COHORT_ASSIGN_OR_RETURN(segment.size, file->Size());
      std::string start(std::min<uint64_t>(segment.size, kSegmentRecordBytes), '\0');
      const Result<size_t> got = file->ReadAt(0, start);
      auto own = got.ok() ? ParseSegmentRecord(start, verify_) : std::nullopt;
      if (own && own->version > kFormatVersion) {
        return RefuseNewer(directory_ / segment.name, own->version);
      }
      if (own && !IsOf(*own, segment.file)) own.reset();
      starts_.push_back(own);
      SeeNumber(segment.file.number);
    }
    return {};
  }

  void SeeNumber(uint64_t number) {
    chain_.next_segment = std::max(chain_.next_segment, number + 1);
  }

  // The highest mark of the journal is in the newest segment that has one.
  Result<bool> TakeMark(const ChainSegment& segment) {
    COHORT_RETURN_IF_ERROR(buffer_.Load(files_, directory_ / segment.name));
    bool found = false;
    ForEachMark(buffer_.bytes(), segment.file, verify_, [&](const SyncedMark& mark) {
      const uint64_t oldest = std::max(chain_.mark.oldest_segment, mark.oldest_segment);
      if (!found || mark.synced > chain_.mark.synced) chain_.mark = mark;
      chain_.mark.oldest_segment = oldest;
      found = true;
      return true;
    });
    if (found) SeeNumber(chain_.mark.synced.segment);
    return found;
  }

  // From segment `top` down to the oldest one that is not dropped, each naming the one before it.
  Status FollowLinks(size_t top) {
    size_t at = top;
    while (true) {
      if (all_[at].file.number < chain_.mark.oldest_segment) return {};
      COHORT_ASSIGN_OR_RETURN(const std::optional<Position> link, LinkOf(at));
      Keep(at);
      if (!link) {
        if (at == 0) return {};
        --at;
        continue;
      }
      if (link->segment == 0 || link->segment < chain_.mark.oldest_segment) return {};
      size_t before = at;
      while (before > 0 && all_[before].file.number > link->segment) --before;
      if (all_[before].file.number > link->segment) {
        chain_.missing.push_back(link->segment);
        return {};
      }
      if (all_[before].file.number < link->segment) {
        chain_.missing.push_back(link->segment);
      } else {
        all_[before].end = link->offset;
      }
      at = before;
    }
  }

  // The end of the segment before it, as its segment record or its first batches name it.
  Result<std::optional<Position>> LinkOf(size_t at) {
    std::optional<Position> link;
    if (starts_[at]) {
      link = starts_[at]->mark.synced;
    } else {
      COHORT_RETURN_IF_ERROR(buffer_.Load(files_, directory_ / all_[at].name));
      ForEachMark(buffer_.bytes(), all_[at].file, verify_, [&](const SyncedMark& mark) {
        if (mark.synced.segment >= all_[at].file.number) return true;
        link = mark.synced;
        return false;
      });
    }
    if (link && link->segment >= all_[at].file.number) link.reset();
    return link;
  }

  void Keep(size_t at) {
    chain_.total_bytes += all_[at].size;
    chain_.segments.push_back(all_[at]);
    all_[at].name.clear();
  }

  FileLayer& files_;
  const std::filesystem::path& directory_;
  const bool verify_;
  std::vector<ChainSegment> all_;                   // by number; without a name when kept
  std::vector<std::optional<SegmentMark>> starts_;  // their segment records, where valid
  SegmentBuffer buffer_;
  SegmentChain chain_;
};

}  // namespace

Status SegmentBuffer::Load(FileLayer& files, const std::filesystem::path& path) {
  COHORT_ASSIGN_OR_RETURN(const auto file, files.Open(path));
  COHORT_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size > capacity_) {
    buffer_ = std::make_unique_for_overwrite<char[]>(size);
    capacity_ = size;
  }
  size_ = size;
  unreadable_ = false;
  if (const auto got = file->ReadAt(0, {buffer_.get(), size_}); got.ok()) {
    size_ = *got;
    return {};
  }
  for (size_t offset = 0; offset < size_; offset += kDiskBlock) {
    const std::span<char> block(buffer_.get() + offset, std::min(kDiskBlock, size_ - offset));
    const auto got = file->ReadAt(offset, block);
    if (got.ok() && *got == block.size()) continue;
    std::memset(block.data(), 0xff, block.size());
    unreadable_ = true;
  }
  return {};
}

uint64_t FindRecord(std::string_view segment, uint64_t offset, uint64_t key, bool verify) {
  for (; offset + kHeaderBytes <= segment.size(); offset += kAlignment) {
    if (HasMagic(segment, offset, key) && ParseRecord(segment, offset, key, verify)) return offset;
  }
  return segment.size();
}

Result<SegmentChain> FindChain(FileLayer& files, const std::filesystem::path& directory,
                               bool verify) {
  return ChainFinder(files, directory, verify).Find();
}

}  // namespace cohort::journal
