#include "reward_workers/swe/log_text.h"

#include <algorithm>
#include <charconv>

namespace cohort {
namespace {

constexpr char kEscape = '\x1b';

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Where the escape sequence ends that begins at `at`. One that is no such takes its first byte
// only.
size_t EscapeEnd(std::string_view text, size_t at) {
  if (at + 1 >= text.size() || text[at + 1] != '[') return at + 1;
  size_t end = at + 2;
  while (end < text.size() && text[end] >= 0x20 && text[end] <= 0x3f) ++end;  // parameters
  if (end < text.size() && text[end] >= 0x40 && text[end] <= 0x7e) return end + 1;
  return at + 1;
}

}  // namespace

std::string WithoutEscapes(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t escape = std::min(text.find(kEscape, at), text.size());
    plain.append(text, at, escape - at);
    at = escape < text.size() ? EscapeEnd(text, escape) : escape;
  }
  return plain;
}

std::optional<std::string_view> LogLines::Next() {
  if (rest_.empty()) return std::nullopt;
  const size_t end = std::min(rest_.find('\n'), rest_.size());
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  TakeEnd(line, "\r");
  return line;
}

std::string_view TrimmedRight(std::string_view text) {
  const size_t last = text.find_last_not_of(" \t");
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

size_t Indent(std::string_view line) { return std::min(line.find_first_not_of(' '), line.size()); }

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool Take(std::string_view& text, std::string_view front) {
  if (!text.starts_with(front)) return false;
  text.remove_prefix(front.size());
  return true;
}

bool TakeEnd(std::string_view& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.remove_suffix(end.size());
  return true;
}

std::optional<uint64_t> TakeNumber(std::string_view& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

bool TakeSeconds(std::string_view& text) {
  size_t at = 0;
  while (at < text.size() && IsDigit(text[at])) ++at;
  if (at == 0) return false;
  if (at + 1 < text.size() && text[at] == '.' && IsDigit(text[at + 1])) {
    ++at;
    while (at < text.size() && IsDigit(text[at])) ++at;
  }
  text.remove_prefix(at);
  return true;
}

}  // namespace cohort
