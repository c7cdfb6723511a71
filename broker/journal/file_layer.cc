#include "broker/journal/file_layer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "libs/base/files.h"

namespace cohort {
namespace {

Status FromErrno(const std::string& what, const std::filesystem::path& path, int error) {
  StatusCode code = StatusCode::kUnavailable;
  if (error == ENOENT) code = StatusCode::kNotFound;
  if (error == ENOSPC || error == EDQUOT) code = StatusCode::kResourceExhausted;
  if (error == EACCES || error == EPERM) code = StatusCode::kPermissionDenied;
  return {code, "cannot " + what + " " + path.string() + ": " + std::strerror(error)};
}

class RealFile : public File {
 public:
  RealFile(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}
  ~RealFile() override { close(fd_); }

  Result<size_t> WriteAt(uint64_t offset, std::span<const iovec> pieces) override {
    while (true) {
      const ssize_t written =
          pwritev(fd_, pieces.data(), static_cast<int>(pieces.size()), static_cast<off_t>(offset));
      if (written > 0) return static_cast<size_t>(written);
      if (written < 0 && errno == EINTR) continue;
      return FromErrno("write", path_, written == 0 ? EIO : errno);
    }
  }

  Result<size_t> ReadAt(uint64_t offset, std::span<char> into) override {
    size_t done = 0;
    while (done < into.size()) {
      const ssize_t got =
          pread(fd_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return FromErrno("read", path_, errno);
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

  Result<uint64_t> Size() override {
    struct stat about {};
    if (fstat(fd_, &about) != 0) return FromErrno("look at", path_, errno);
    return static_cast<uint64_t>(about.st_size);
  }

  Status Preallocate(uint64_t bytes) override {
    int error = EINTR;
    while (error == EINTR) error = posix_fallocate(fd_, 0, static_cast<off_t>(bytes));
    return error == 0 ? Status() : FromErrno("allocate space for", path_, error);
  }

  Status DataSync() override {
    return fdatasync(fd_) == 0 ? Status() : FromErrno("sync", path_, errno);
  }

  Status Truncate(uint64_t bytes) override {
    return ftruncate(fd_, static_cast<off_t>(bytes)) == 0 ? Status()
                                                          : FromErrno("cut", path_, errno);
  }

 private:
  const int fd_;
  const std::filesystem::path path_;
};

class RealLock : public DirectoryLock {
 public:
  explicit RealLock(int fd) : fd_(fd) {}
  ~RealLock() override { close(fd_); }

 private:
  const int fd_;
};

class RealFileLayer : public FileLayer {
 public:
  Result<std::unique_ptr<File>> Create(const std::filesystem::path& path) override {
    return OpenWith(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, "create");
  }
  Result<std::unique_ptr<File>> Open(const std::filesystem::path& path) override {
    return OpenWith(path, O_RDWR | O_CLOEXEC, "open");
  }

  Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    return rename(from.c_str(), to.c_str()) == 0 ? Status() : FromErrno("rename to", to, errno);
  }
  Status Remove(const std::filesystem::path& path) override {
    return unlink(path.c_str()) == 0 ? Status() : FromErrno("remove", path, errno);
  }
  Status MakeDirectories(const std::filesystem::path& path) override {
    return cohort::MakeDirectories(path);
  }
  Status SyncDirectory(const std::filesystem::path& path) override {
    return cohort::SyncDirectory(path);
  }

  Result<std::vector<std::string>> List(const std::filesystem::path& directory) override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entry(directory, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      std::error_code ignored;
      if (entry->is_regular_file(ignored)) names.push_back(entry->path().filename().string());
    }
    if (error) return FromErrno("list", directory, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::unique_ptr<DirectoryLock>> Lock(const std::filesystem::path& directory) override {
    const std::filesystem::path path = directory / "lock";
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return FromErrno("open", path, errno);
    auto lock = std::make_unique<RealLock>(fd);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return std::unique_ptr<DirectoryLock>(std::move(lock));
    if (errno != EWOULDBLOCK) return FromErrno("lock", path, errno);
    return FailedPrecondition("the journal in " + directory.string() +
                              " belongs to a broker that is running: stop it first, or name "
                              "another directory");
  }

 private:
  static Result<std::unique_ptr<File>> OpenWith(const std::filesystem::path& path, int flags,
                                                const char* what) {
    const int fd = open(path.c_str(), flags, 0600);
    if (fd < 0) return FromErrno(what, path, errno);
    return std::unique_ptr<File>(std::make_unique<RealFile>(fd, path));
  }
};

}  // namespace

FileLayer& RealFiles() {
  static RealFileLayer files;
  return files;
}

}  // namespace cohort
