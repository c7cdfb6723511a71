#include "libs/math/wrapping.h"

namespace cohort {
namespace {

constexpr size_t kNpos = std::string_view::npos;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

// Without `open` and `close` around all of it, where neither comes again inside.
bool StripPair(std::string_view open, std::string_view close, std::string_view* text) {
  if (text->size() < open.size() + close.size() || text->substr(0, open.size()) != open ||
      text->substr(text->size() - close.size()) != close) {
    return false;
  }
  const std::string_view inside =
      text->substr(open.size(), text->size() - open.size() - close.size());
  if (inside.find(close) != kNpos || inside.find(open) != kNpos) return false;
  if (!inside.empty() && inside.back() == '\\') return false;
  *text = inside;
  return true;
}

bool StripBox(std::string_view* text) {
  for (const std::string_view box :
       {"\\boxed", "\\fbox", "\\mathbf", "\\boldsymbol", "\\bm", "\\underline"}) {
    if (text->substr(0, box.size()) != box) continue;
    size_t open = box.size();
    while (open < text->size() && IsSpace((*text)[open])) ++open;
    if (open == text->size() || (*text)[open] != '{') return false;
    if (MatchingBrace(*text, open) != text->size()) return false;
    *text = text->substr(open + 1, text->size() - open - 2);
    return true;
  }
  return false;
}

}  // namespace

size_t MatchingBrace(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return i + 1;
    }
  }
  return kNpos;
}

std::string_view WithoutWrapping(std::string_view text) {
  for (;;) {
    const size_t before = text.size();
    text = Trim(text);
    if (text.size() > 1 && text.back() == '.' && text[text.size() - 2] != '.')
      text.remove_suffix(1);
    if (!StripPair("$$", "$$", &text) && !StripPair("$", "$", &text) &&
        !StripPair("\\(", "\\)", &text) && !StripPair("\\[", "\\]", &text) &&
        !StripPair("**", "**", &text)) {
      StripBox(&text);
    }
    // "= 18": the end of a line of working.
    if (text.size() > 1 && text[0] == '=' && text[1] != '=') text.remove_prefix(1);
    if (text.size() == before) return text;
  }
}

}  // namespace cohort
