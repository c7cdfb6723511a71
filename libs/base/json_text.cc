#include "libs/base/json_text.h"

#include <algorithm>

namespace cohort {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// Behind the text that begins at `at`, a quote.
size_t TextEnd(std::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

// Behind the value that begins at `at`.
size_t ValueEnd(std::string_view text, size_t at) {
  if (at < text.size() && text[at] == '"') return TextEnd(text, at);
  size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = TextEnd(text, at);
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    }
    if (depth == 0 && (c == ',' || kSpace.find(c) != std::string_view::npos)) return at;
    ++at;
  }
  return at;
}

size_t SkipSpace(std::string_view text, size_t at) {
  return std::min(text.find_first_not_of(kSpace, at), text.size());
}

}  // namespace

size_t JsonNesting(std::string_view text) {
  size_t depth = 0, deepest = 0;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = TextEnd(text, at);
      continue;
    }
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if ((c == '}' || c == ']') && depth > 0) --depth;
    ++at;
  }
  return deepest;
}

std::vector<JsonMember> JsonMembers(std::string_view object) {
  std::vector<JsonMember> members;
  size_t at = SkipSpace(object, 0);
  if (at >= object.size() || object[at] != '{') return members;
  for (;;) {
    at = SkipSpace(object, at + 1);  // behind the brace, or a comma
    if (at >= object.size() || object[at] != '"') return members;
    const size_t key_end = TextEnd(object, at);
    const std::string_view key = object.substr(at, key_end - at);
    const size_t value = SkipSpace(object, SkipSpace(object, key_end) + 1);
    const size_t value_end = ValueEnd(object, value);
    members.push_back({key, object.substr(value, value_end - value)});
    at = SkipSpace(object, value_end);
    if (at >= object.size() || object[at] != ',') return members;
  }
}

}  // namespace cohort
