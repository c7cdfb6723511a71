#include "tests/fuzz/frames.h"

#include <algorithm>
#include <cstring>

#include "libs/messaging/capnp_frame.h"
#include "tests/fuzz/fuzz.h"

namespace cohort {
namespace {

constexpr size_t kHeaderBytes = 8;
constexpr size_t kMostBodies = 3;

// A frame whose memory ends with it, so that reading beyond it is seen.
zmq::message_t FrameOf(std::string_view bytes, size_t offset) {
  auto* memory = new char[offset + bytes.size()];
  if (!bytes.empty()) std::memcpy(memory + offset, bytes.data(), bytes.size());
  return zmq::message_t(
      memory + offset, bytes.size(), [](void*, void* hint) { delete[] static_cast<char*>(hint); },
      memory);
}

}  // namespace

Frames SplitFrames(std::string_view input) {
  Frames frames;
  if (input.size() < kHeaderBytes) return frames;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(input[i]); };
  const size_t bodies = byte(0) % (kMostBodies + 1);
  std::string_view rest = input.substr(kHeaderBytes);
  std::string_view parts[kMostBodies];
  for (size_t i = bodies; i-- > 0;) {
    const size_t wanted = byte(2 + 2 * i) | size_t{byte(3 + 2 * i)} << 8;
    const size_t size = std::min(wanted, rest.size());
    parts[i] = rest.substr(rest.size() - size);
    rest.remove_suffix(size);
  }
  frames.push_back(FrameOf(rest, byte(1) % 8));
  for (size_t i = 0; i < bodies; ++i) frames.push_back(FrameOf(parts[i], 0));
  return frames;
}

std::string JoinFrames(const Frames& frames) {
  FUZZ_CHECK(!frames.empty() && frames.size() <= 1 + kMostBodies);
  std::string input(kHeaderBytes, '\0');
  input[0] = static_cast<char>(frames.size() - 1);
  for (size_t i = 0; i < frames.size(); ++i) {
    const std::string_view bytes = FrameView(frames[i]);
    if (i > 0) {
      FUZZ_CHECK(bytes.size() < 1 << 16);
      input[2 * i] = static_cast<char>(bytes.size() & 0xff);
      input[2 * i + 1] = static_cast<char>(bytes.size() >> 8);
    }
    input += bytes;
  }
  return input;
}

}  // namespace cohort
