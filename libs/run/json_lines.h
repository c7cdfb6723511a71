// Files of one JSON object a line, written by one process and read by anybody meanwhile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

// Appends whole lines, each in one write. Opening cuts off a torn last line, as a killed writer
// leaves it. One writer a file; belongs to one thread.
class JsonLinesWriter {
 public:
  static Result<JsonLinesWriter> Open(const std::filesystem::path& path);
  JsonLinesWriter(JsonLinesWriter&& other) noexcept;
  JsonLinesWriter& operator=(JsonLinesWriter&& other) noexcept;
  ~JsonLinesWriter();

  // Numbers that are not finite become null, malformed UTF-8 becomes U+FFFD.
  Status Append(const nlohmann::json& record);

 private:
  JsonLinesWriter(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::filesystem::path path_;
  int fd_ = -1;
};

// Called with the line's number (from 1) and its object.
using JsonLineVisitor = std::function<void(int64_t line, const nlohmann::json& record)>;

struct JsonLinesReport {
  int64_t rows = 0;
  bool torn = false;             // the last line has no end yet: it was passed over
  std::vector<std::string> bad;  // "file:12: …": lines that are no JSON object (64 at most)
};

// Reads all lines; fails only when the file cannot be read.
Result<JsonLinesReport> ReadJsonLines(const std::filesystem::path& path,
                                      const JsonLineVisitor& visit);

// Follows a file that grows: each Poll visits the whole lines added since the last one. A file that
// does not exist yet has none; one that was cut shorter is read on from its new end.
class JsonLinesFollower {
 public:
  explicit JsonLinesFollower(std::filesystem::path path) : path_(std::move(path)) {}
  // Starts at the file's present end instead of at its begin.
  void SkipToEnd();
  Result<JsonLinesReport> Poll(const JsonLineVisitor& visit);

 private:
  std::filesystem::path path_;
  uint64_t offset_ = 0;
  int64_t line_ = 0;
};

}  // namespace cohort
