#include "libs/base/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace cohort {
namespace {

Status FromErrno(const std::string& what, const std::filesystem::path& path) {
  const StatusCode code = errno == ENOENT   ? StatusCode::kNotFound
                          : errno == ENOSPC ? StatusCode::kResourceExhausted
                                            : StatusCode::kUnavailable;
  return {code, "cannot " + what + " " + path.string() + ": " + std::strerror(errno)};
}

}  // namespace

Result<std::string> ReadFile(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return InvalidArgument("cannot read " + path.string() + ": it is a directory");
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return FromErrno("read", path);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  if (in.bad()) return FromErrno("read", path);
  return std::move(bytes).str();
}

Status WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path beside = path.string() + ".partial";
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return FromErrno("write", beside);
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const Status status = FromErrno("write", beside);
      close(fd);
      return status;
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(fd) != 0) {
    const Status status = FromErrno("sync", beside);
    close(fd);
    return status;
  }
  close(fd);
  if (rename(beside.c_str(), path.c_str()) != 0) return FromErrno("rename to", path);
  return SyncDirectory(path.has_parent_path() ? path.parent_path() : ".");
}

Status SyncDirectory(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FromErrno("open", path);
  const int result = fsync(fd);
  const Status status = result == 0 ? Status() : FromErrno("sync", path);
  close(fd);
  return status;
}

Status MakeDirectories(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return InvalidArgument("cannot make the directory " + path.string() + ": " + error.message());
  }
  return {};
}

}  // namespace cohort
