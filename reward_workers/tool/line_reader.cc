#include "reward_workers/tool/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace cohort {
namespace {

constexpr size_t kReadBytes = 256 << 10;

}  // namespace

bool LineReader::Readable() const {
  pollfd polled{fd_, POLLIN, 0};
  return poll(&polled, 1, 0) > 0;
}

LineReader::Found LineReader::Take(size_t end, std::string& line) {
  line.assign(buffer_, begin_, end - begin_);
  begin_ = std::min(end + 1, buffer_.size());
  searched_ = begin_;
  const bool too_long = too_long_;
  too_long_ = false;
  return too_long ? Found::kTooLong : Found::kLine;
}

LineReader::Found LineReader::Next(std::string& line) {
  for (;;) {
    const size_t end = buffer_.find('\n', searched_);
    if (end != std::string::npos) return Take(end, line);
    if (ended_) {
      return begin_ < buffer_.size() || too_long_ ? Take(buffer_.size(), line) : Found::kEnd;
    }
    buffer_.erase(0, begin_);
    begin_ = 0;
    if (buffer_.size() > kMaxLine) {
      too_long_ = true;
      buffer_.clear();
    }
    searched_ = buffer_.size();
    if (!Readable()) return Found::kNothingYet;
    buffer_.resize(searched_ + kReadBytes);
    const ssize_t count = read(fd_, buffer_.data() + searched_, kReadBytes);
    buffer_.resize(searched_ + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) ended_ = true;
  }
}

}  // namespace cohort
