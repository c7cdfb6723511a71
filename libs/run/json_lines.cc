#include "libs/run/json_lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

namespace cohort {
namespace {

constexpr size_t kMostBadLines = 64;

Status Failed(const std::string& what, const std::filesystem::path& path) {
  const StatusCode code =
      errno == ENOSPC ? StatusCode::kResourceExhausted : StatusCode::kUnavailable;
  return {code, "cannot " + what + " " + path.string() + ": " + std::strerror(errno)};
}

// The length of the file without a last line that has no end.
Result<off_t> WholeLength(int fd, const std::filesystem::path& path) {
  off_t end = lseek(fd, 0, SEEK_END);
  if (end < 0) return Failed("read", path);
  char block[4096];
  while (end > 0) {
    const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(sizeof(block)));
    const ssize_t got = pread(fd, block, static_cast<size_t>(end - begin), begin);
    if (got != end - begin) return Failed("read", path);
    for (ssize_t i = got - 1; i >= 0; --i) {
      if (block[i] == '\n') return begin + i + 1;
    }
    end = begin;
  }
  return off_t{0};
}

}  // namespace

Result<JsonLinesWriter> JsonLinesWriter::Open(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return Failed("write", path);
  JsonLinesWriter writer(path, fd);
  COHORT_ASSIGN_OR_RETURN(const off_t length, WholeLength(fd, path));
  if (ftruncate(fd, length) != 0) return Failed("write", path);
  return writer;
}

JsonLinesWriter::JsonLinesWriter(JsonLinesWriter&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

JsonLinesWriter& JsonLinesWriter::operator=(JsonLinesWriter&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  return *this;
}

JsonLinesWriter::~JsonLinesWriter() {
  if (fd_ >= 0) close(fd_);
}

Status JsonLinesWriter::Append(const nlohmann::json& record) {
  const std::string line =
      record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed("write", path_);
    rest.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<JsonLinesReport> ReadJsonLines(const std::filesystem::path& path,
                                      const JsonLineVisitor& visit) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return NotFound("cannot read " + path.string() + ": there is no such file");
  }
  return JsonLinesFollower(path).Poll(visit);
}

void JsonLinesFollower::SkipToEnd() {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path_, error);
  if (!error) offset_ = size;
}

Result<JsonLinesReport> JsonLinesFollower::Poll(const JsonLineVisitor& visit) {
  JsonLinesReport report;
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path_, error);
  if (error) return report;  // not there yet
  if (size < offset_) offset_ = size;
  std::ifstream in(path_, std::ios::binary);
  if (!in) return Failed("read", path_);
  in.seekg(static_cast<std::streamoff>(offset_));
  std::string line;
  while (std::getline(in, line)) {
    if (in.eof()) {  // no line end: still being written, or torn
      report.torn = true;
      break;
    }
    offset_ += line.size() + 1;
    ++line_;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto record = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (record.is_object()) {
      ++report.rows;
      visit(line_, record);
    } else if (report.bad.size() < kMostBadLines) {
      report.bad.push_back(path_.string() + ":" + std::to_string(line_) +
                           ": no JSON object; the line was passed over");
    }
  }
  if (in.bad()) return Failed("read", path_);
  return report;
}

}  // namespace cohort
