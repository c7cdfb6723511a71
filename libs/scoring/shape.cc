#include "libs/scoring/shape.h"

#include <algorithm>
#include <cmath>
#include <numbers>
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

double CosineLengthValue(size_t tokens, size_t limit, bool right, const CosineLengthRange& range) {
  const double at_zero = right ? range.right_at_zero : range.wrong_at_zero;
  const double at_limit = right ? range.right_at_limit : range.wrong_at_limit;
  if (tokens >= limit) return at_limit;
  const double done = static_cast<double>(tokens) / static_cast<double>(limit);
  return at_limit + (at_zero - at_limit) * (1.0 + std::cos(std::numbers::pi * done)) / 2.0;
}

std::vector<double> GroupLengthValues(std::span<const MemberLength> group) {
  std::vector<double> values(group.size(), 0.0);
  if (group.empty()) return values;
  const auto [shortest, longest] =
      std::ranges::minmax(group, {}, [](const MemberLength& m) { return m.tokens; });
  if (shortest.tokens == longest.tokens) return values;
  const auto range = static_cast<double>(longest.tokens - shortest.tokens);
  for (size_t i = 0; i < group.size(); ++i) {
    const double lambda = 0.5 - static_cast<double>(group[i].tokens - shortest.tokens) / range;
    values[i] = group[i].right ? lambda : std::min(0.0, lambda);
  }
  return values;
}

}  // namespace cohort
