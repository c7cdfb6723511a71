#include "tests/fuzz/segments.h"

#include "broker/journal/format.h"
#include "tests/fuzz/fuzz.h"

namespace cohort {
namespace {

constexpr size_t kMostSegments = 3;

}  // namespace

std::map<std::string, std::string_view> SplitSegments(std::string_view input, bool& verify) {
  std::map<std::string, std::string_view> segments;
  if (input.size() < 8) return segments;
  const auto byte = [header = input](size_t at) -> size_t {
    return static_cast<uint8_t>(header[at]);
  };
  const size_t count = 1 + byte(0) % kMostSegments;
  verify = byte(1) % 2 == 0;
  std::string_view rest = input.substr(8);
  for (size_t i = 0; i < count; ++i) {
    const size_t at = 2 + 3 * i;
    const bool is_last = i + 1 == count;
    const size_t wanted = is_last ? rest.size() : byte(at) | byte(at + 1) << 8 | byte(at + 2) << 16;
    const std::string_view bytes = rest.substr(0, wanted);
    rest.remove_prefix(bytes.size());
    segments[journal::SegmentName(i + 1, i + 1)] = bytes;
  }
  return segments;
}

std::string JoinSegments(const std::vector<std::string>& segments, bool verify) {
  FUZZ_CHECK(!segments.empty() && segments.size() <= kMostSegments);
  std::string input(8, '\0');
  input[0] = static_cast<char>(segments.size() - 1);
  input[1] = verify ? 0 : 1;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (i + 1 < segments.size()) {
      for (size_t n = 0; n < 3; ++n) {
        input[2 + 3 * i + n] = static_cast<char>(segments[i].size() >> (8 * n) & 0xff);
      }
    }
    input += segments[i];
  }
  return input;
}

}  // namespace cohort
