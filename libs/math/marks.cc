#include "libs/math/marks.h"

namespace cohort {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Behind the backslash and `close`; nothing is skipped but pairs of a backslash and its character.
size_t EndOfBackslashed(std::string_view text, size_t at, char open, char close) {
  for (size_t i = at + 2; i + 1 < text.size(); ++i) {
    if (text[i] != '\\') continue;
    if (text[i + 1] == close) return i + 2;
    if (text[i + 1] == open) return at;
    ++i;
  }
  return at;
}

// The next $ that is not escaped, or the end; an empty line counts as the end.
size_t NextDollar(std::string_view text, size_t from) {
  for (size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '$') {
      return i;
    } else if (text[i] == '\n' && i + 1 < text.size() && text[i + 1] == '\n') {
      break;
    }
  }
  return text.size();
}

size_t EndOfDollars(std::string_view text, size_t at) {
  const bool twice = at + 1 < text.size() && text[at + 1] == '$';
  const size_t start = at + (twice ? 2 : 1);
  const size_t close = NextDollar(text, start);
  if (close == start || close == text.size()) return at;
  if (twice) return close + 1 < text.size() && text[close + 1] == '$' ? close + 2 : at;
  if (IsSpace(text[start]) || IsSpace(text[close - 1])) return at;
  if (close + 1 < text.size() && IsDigit(text[close + 1])) return at;
  return close + 1;
}

}  // namespace

size_t EndOfMarked(std::string_view text, size_t at) {
  if (at >= text.size()) return at;
  if (text[at] == '$') return EndOfDollars(text, at);
  if (text[at] != '\\' || at + 1 == text.size()) return at;
  if (text[at + 1] == '(') return EndOfBackslashed(text, at, '(', ')');
  if (text[at + 1] == '[') return EndOfBackslashed(text, at, '[', ']');
  return at;
}

}  // namespace cohort
