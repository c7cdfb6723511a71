// Frames between a reward worker and a scorer process: four bytes of length, little-endian, then so
// many bytes of JSON. docs/scorers.md describes the protocol.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace cohort {

inline constexpr size_t kMaxReplyBytes = 1 << 20;     // towards the worker
inline constexpr size_t kMaxRequestBytes = 16 << 20;  // towards the scorer

// The frame of this body, which is not empty.
std::string Frame(std::string_view body);

// Takes bytes as they come and gives frames as they are complete. Holds one frame's bytes at most:
// a length beyond the bound is refused before anything is kept for it.
class FrameReader {
 public:
  explicit FrameReader(size_t max_bytes) : max_bytes_(max_bytes) {}

  void Add(std::string_view bytes) { buffer_ += bytes; }
  // The next body; nothing when more bytes are needed. Fails, from then on, for a length of 0 or
  // above the bound.
  Result<std::optional<std::string>> Next();

 private:
  size_t max_bytes_;
  std::string buffer_;
};

}  // namespace cohort
