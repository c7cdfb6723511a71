// A file system in memory that keeps what is durable apart from what was only written, fails on
// demand, and makes the image that a power cut would leave behind.
//
// What was not synced is lost, kept or torn in sectors of 512 bytes, in any order; names of files
// survive in order up to some point. A failed sync behaves like Linux's: the bytes stay readable,
// some of them never reach the disk, and a later sync says all is well. Calls from one thread at a
// time.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/journal/file_layer.h"
#include "libs/base/rng.h"

namespace cohort::testing {

// The bytes of every file, by path.
using Image = std::map<std::string, std::shared_ptr<const std::string>>;

enum class Operation { kWrite, kDataSync, kSyncDirectory, kAllocate, kRename, kRemove, kTruncate };
enum class Fault { kNone, kFail, kNoSpace, kShort };

struct MemoryFile {
  struct Change {
    bool is_write = true;  // or a change of size to `offset`
    uint64_t offset = 0;
    std::string data;
  };
  std::string live;
  std::string durable;
  std::vector<Change> pending;       // from durable to live
  std::vector<uint64_t> unreadable;  // offsets whose reads fail
};

// A write that is about to happen.
struct PendingWrite {
  const MemoryFile* file;
  uint64_t offset;
  std::string_view data;
};

class FaultyFiles : public FileLayer {
 public:
  explicit FaultyFiles(uint64_t seed) : random_(seed) {}
  FaultyFiles(uint64_t seed, const Image& image);

  // Asked before each operation.
  std::function<Fault(Operation)> fault;
  // Told before each operation that changes something; a write or null.
  std::function<void(const PendingWrite*)> before_change;
  // Bytes that all files may have together.
  std::atomic<uint64_t> space = uint64_t{1} << 40;

  // The disk after a power cut now. With `write`, its first `bytes` bytes are as far as everything
  // else that was not synced. `random` null: all that was written is there; else it decides what
  // is.
  Image AfterPowerCut(const PendingWrite* write, size_t bytes, Rng* random) const;
  // As the next process sees it when only this one dies.
  Image AfterKill() const;
  MemoryFile* Find(const std::string& path);
  uint64_t UsedBytes() const;

  Result<std::unique_ptr<File>> Create(const std::filesystem::path& path) override;
  Result<std::unique_ptr<File>> Open(const std::filesystem::path& path) override;
  Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Status Remove(const std::filesystem::path& path) override;
  Status MakeDirectories(const std::filesystem::path& path) override { return {}; }
  Status SyncDirectory(const std::filesystem::path& path) override;
  Result<std::vector<std::string>> List(const std::filesystem::path& directory) override;
  Result<std::unique_ptr<DirectoryLock>> Lock(const std::filesystem::path& directory) override;

 private:
  friend class FaultyFile;
  using FilePointer = std::shared_ptr<MemoryFile>;
  using Names = std::map<std::string, FilePointer>;
  struct NameChange {
    std::string removed;
    std::string added;
    FilePointer file;
  };

  Fault Ask(Operation operation, const PendingWrite* write = nullptr);
  static void Apply(const NameChange& change, Names& names);
  void Change(NameChange change);

  Rng random_;
  Names live_;
  Names durable_;
  std::vector<NameChange> pending_;
};

}  // namespace cohort::testing
