#include "libs/scoring/shape.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace cohort {

double CleanStopValue(bool stopped) { return stopped ? 1.0 : 0.0; }

double LengthValue(size_t tokens, size_t limit) {
  if (tokens >= limit) return 0.0;
  return 1.0 - static_cast<double>(tokens) / static_cast<double>(limit);
}

double SoftOverlongValue(size_t tokens, size_t limit, size_t buffer) {
  buffer = std::min(buffer, limit);
  const size_t free = limit - buffer;
  if (tokens <= free) return 0.0;
  if (tokens >= limit) return -1.0;
  return -static_cast<double>(tokens - free) / static_cast<double>(buffer);
}

double RepeatedShare(std::span<const int32_t> tokens, size_t n) {
  if (n == 0 || tokens.size() < n) return 0.0;
  const size_t count = tokens.size() - n + 1;
  std::unordered_set<std::string_view> distinct;  // n-grams as the bytes of their ids
  distinct.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const auto bytes = std::as_bytes(tokens.subspan(i, n));
    distinct.emplace(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return 1.0 - static_cast<double>(distinct.size()) / static_cast<double>(count);
}

}  // namespace cohort
