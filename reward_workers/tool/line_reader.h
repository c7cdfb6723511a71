// Lines of a descriptor that may not have any yet: a pipe, a terminal, a file.
#pragma once

#include <cstddef>
#include <string>

namespace cohort {

class LineReader {
 public:
  // `fd` stays the caller's.
  explicit LineReader(int fd) : fd_(fd) {}

  enum class Found {
    kLine,
    kTooLong,  // a line beyond kMaxLine: passed over
    kNothingYet,
    kEnd,
  };
  static constexpr size_t kMaxLine = 64 << 20;

  // The next line, without its end. Never waits.
  Found Next(std::string& line);

 private:
  bool Readable() const;
  Found Take(size_t end, std::string& line);

  int fd_;
  std::string buffer_;
  size_t begin_ = 0;     // of what was not taken yet
  size_t searched_ = 0;  // no end of line before it
  bool ended_ = false;
  bool too_long_ = false;
};

}  // namespace cohort
