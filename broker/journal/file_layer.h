// The few things that the journal asks of a file system, so that tests can take a lying one.
//
// A promise of the real layer is only what POSIX gives: bytes are durable after DataSync, names
// after SyncDirectory. Failures are Status: kResourceExhausted when there is no room (ENOSPC,
// EDQUOT), kNotFound, kUnavailable for everything else (EIO). A File belongs to one thread; a
// FileLayer may be shared.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

class File {
 public:
  virtual ~File() = default;  // closes

  // Bytes written, which may be fewer than asked for, never 0 without a failure. At most IOV_MAX
  // pieces.
  virtual Result<size_t> WriteAt(uint64_t offset, std::span<const iovec> pieces) = 0;
  // Bytes read: fewer than asked for only at the end of the file.
  virtual Result<size_t> ReadAt(uint64_t offset, std::span<char> into) = 0;
  virtual Result<uint64_t> Size() = 0;
  // Makes sure that there is room for the first `bytes`, which read as zero until they are written.
  virtual Status Preallocate(uint64_t bytes) = 0;
  virtual Status DataSync() = 0;
  virtual Status Truncate(uint64_t bytes) = 0;
};

// Held until destroyed.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

class FileLayer {
 public:
  virtual ~FileLayer() = default;

  // A new, empty file, readable by its owner only; what bore the name is replaced.
  virtual Result<std::unique_ptr<File>> Create(const std::filesystem::path& path) = 0;
  // An existing file, to read and write.
  virtual Result<std::unique_ptr<File>> Open(const std::filesystem::path& path) = 0;
  virtual Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual Status Remove(const std::filesystem::path& path) = 0;
  virtual Status MakeDirectories(const std::filesystem::path& path) = 0;
  virtual Status SyncDirectory(const std::filesystem::path& path) = 0;
  // The names of the plain files in a directory, sorted.
  virtual Result<std::vector<std::string>> List(const std::filesystem::path& directory) = 0;
  // kFailedPrecondition when another process (or this one) holds it.
  virtual Result<std::unique_ptr<DirectoryLock>> Lock(const std::filesystem::path& directory) = 0;
};

// The file system of the machine. Never destroyed.
FileLayer& RealFiles();

}  // namespace cohort
