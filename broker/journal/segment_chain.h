// Which segments of a directory count, and up to where: the first half of recovery.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/journal/file_layer.h"
#include "broker/journal/format.h"
#include "libs/base/status.h"

namespace cohort::journal {

// One segment's bytes in a buffer that is used again for the next one.
class SegmentBuffer {
 public:
  // What the disk cannot read is filled with 0xff, which is no valid record and not zero.
  Status Load(FileLayer& files, const std::filesystem::path& path);
  std::string_view bytes() const { return {buffer_.get(), size_}; }
  bool unreadable() const { return unreadable_; }  // some of it

 private:
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t size_ = 0;
  bool unreadable_ = false;
};

// The offset of the next valid record from `offset` on, in steps of 8; the size when there is none.
uint64_t FindRecord(std::string_view segment, uint64_t offset, uint64_t key, bool verify);

struct ChainSegment {
  std::string name;
  SegmentFile file;
  uint64_t size = 0;
  std::optional<uint64_t> end;  // named by a later segment: what lies beyond is void
};

struct SegmentChain {
  std::vector<ChainSegment> segments;  // those that count, oldest first
  std::vector<std::string> useless;    // void or dropped segments, and the spare
  std::vector<uint64_t> missing;       // numbers of segments that must be there and are not
  SyncedMark mark;                     // the highest that is named
  uint64_t next_segment = 1;
  uint64_t total_bytes = 0;  // of the segments that count
};

// Fails when the directory cannot be read or a segment is of a newer format.
Result<SegmentChain> FindChain(FileLayer& files, const std::filesystem::path& directory,
                               bool verify);

}  // namespace cohort::journal
