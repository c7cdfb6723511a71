#include "reward_workers/plugins/frames.h"

#include <cstdint>

namespace cohort {
namespace {

constexpr size_t kLengthBytes = 4;

}  // namespace

std::string Frame(std::string_view body) {
  const auto length = static_cast<uint32_t>(body.size());
  std::string frame;
  frame.reserve(kLengthBytes + body.size());
  for (size_t i = 0; i < kLengthBytes; ++i) frame += static_cast<char>((length >> (8 * i)) & 0xff);
  frame += body;
  return frame;
}

Result<std::optional<std::string>> FrameReader::Next() {
  if (buffer_.size() < kLengthBytes) return std::optional<std::string>();
  size_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    length |= static_cast<size_t>(static_cast<unsigned char>(buffer_[i])) << (8 * i);
  }
  if (length == 0 || length > max_bytes_) {
    return InvalidArgument("a frame of " + std::to_string(length) + " bytes, where 1 to " +
                           std::to_string(max_bytes_) + " are allowed");
  }
  if (buffer_.size() < kLengthBytes + length) return std::optional<std::string>();
  std::optional<std::string> body = buffer_.substr(kLengthBytes, length);
  buffer_.erase(0, kLengthBytes + length);
  return body;
}

}  // namespace cohort
