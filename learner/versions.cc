#include "learner/versions.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "libs/base/files.h"

namespace cohort {

uint64_t VersionLines::Parent(uint64_t version) const {
  const auto branch = branches_.find(version);
  return branch == branches_.end() ? version - 1 : branch->second;
}

uint64_t VersionLines::Add(uint64_t parent) {
  newest_ += 1;
  if (parent != newest_ - 1) branches_[newest_] = parent;
  return newest_;
}

Result<uint64_t> VersionLines::Age(uint64_t version, uint64_t now) const {
  if (version == 0 || version > newest_ || now == 0 || now > newest_) {
    return InvalidArgument("version " + std::to_string(version) +
                           " was never published (newest is " + std::to_string(newest_) + ")");
  }
  // A parent is always older, so climbing from the newer of the two finds the last common version.
  uint64_t age = 0;
  while (version != now) {
    uint64_t& newer = version > now ? version : now;
    newer = Parent(newer);
    ++age;
  }
  return age;
}

Result<VersionLog> VersionLog::Open(const std::filesystem::path& file) {
  std::string bytes;
  if (std::filesystem::exists(file)) {
    COHORT_ASSIGN_OR_RETURN(bytes, ReadFile(file));
  }
  const size_t whole = bytes.rfind('\n') == std::string::npos ? 0 : bytes.rfind('\n') + 1;
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return Unavailable("cannot write " + file.string() + ": " + std::strerror(errno));
  VersionLog log(file, fd);
  COHORT_RETURN_IF_ERROR(SyncDirectory(file.parent_path()));
  if (ftruncate(fd, static_cast<off_t>(whole)) != 0 || lseek(fd, 0, SEEK_END) < 0) {
    return Unavailable("cannot write " + file.string() + ": " + std::strerror(errno));
  }

  std::istringstream lines(bytes.substr(0, whole));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const auto record = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    const std::string where = file.string() + ":" + std::to_string(number);
    if (!record.is_object() || !record.contains("version") ||
        !record["version"].is_number_unsigned() || !record.contains("parent") ||
        !record["parent"].is_number_unsigned()) {
      return DataLoss(where +
                      ": expected {\"version\": N, \"parent\": M}; the run's versions are damaged");
    }
    const uint64_t version = record["version"];
    const uint64_t parent = record["parent"];
    if (version != log.lines_.newest() + 1 || parent >= version) {
      return DataLoss(where + ": version " + std::to_string(version) + " with parent " +
                      std::to_string(parent) + " does not follow " +
                      std::to_string(log.lines_.newest()));
    }
    log.lines_.Add(parent);
    if (record.value("evaluation", false)) log.last_evaluation_ = version;
  }
  return log;
}

VersionLog::VersionLog(VersionLog&& other) noexcept
    : file_(std::move(other.file_)),
      fd_(std::exchange(other.fd_, -1)),
      lines_(other.lines_),
      last_evaluation_(other.last_evaluation_) {}

VersionLog::~VersionLog() {
  if (fd_ >= 0) close(fd_);
}

Result<uint64_t> VersionLog::Reserve(uint64_t parent, bool for_evaluation) {
  const uint64_t version = lines_.newest() + 1;
  const std::string line =
      nlohmann::json{{"version", version}, {"parent", parent}, {"evaluation", for_evaluation}}
          .dump() +
      "\n";
  const ssize_t written = write(fd_, line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size()) || fdatasync(fd_) != 0) {
    return Unavailable("cannot reserve version " + std::to_string(version) + " in " +
                       file_.string() + ": " + std::strerror(errno));
  }
  lines_.Add(parent);
  if (for_evaluation) last_evaluation_ = version;
  return version;
}

}  // namespace cohort
