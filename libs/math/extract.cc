#include "libs/math/extract.h"

#include <algorithm>
#include <vector>

#include "libs/math/judge_math.h"
#include "libs/math/marks.h"

namespace cohort {
namespace {

constexpr size_t kNpos = std::string_view::npos;
constexpr size_t kMaxBareBytes = 200;
constexpr int kMaxBareWords = 4;
constexpr size_t kMaxParagraphBytes = 2 * kMaxAnswerBytes;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsAlphanumeric(char c) { return IsLetter(c) || IsDigit(c); }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

char At(std::string_view text, size_t at) { return at < text.size() ? text[at] : '\0'; }

// Whether this word, in lower case, stands here, in any case of letters.
bool WordAt(std::string_view text, size_t at, std::string_view word) {
  if (at + word.size() > text.size() || (at > 0 && IsLetter(text[at - 1]))) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if ((text[at + i] | 0x20) != word[i]) return false;
  }
  return !IsLetter(At(text, at + word.size()));
}

// --- boxes ---------------------------------------------------------------------------------------

// The bytes of the command when it opens a box, else 0.
size_t BoxCommand(std::string_view text, size_t at) {
  for (const std::string_view box : {"\\boxed", "\\fbox"}) {
    if (text.substr(at, box.size()) == box && !IsLetter(At(text, at + box.size())))
      return box.size();
  }
  return 0;
}

// The box without braces: one digit or letter that nothing continues.
bool IsSingle(std::string_view text, size_t at) {
  if (!IsAlphanumeric(At(text, at))) return false;
  const char next = At(text, at + 1);
  return !IsAlphanumeric(next) && !((next == '.' || next == ',') && IsDigit(At(text, at + 2)));
}

std::optional<std::string_view> LastBox(std::string_view text) {
  struct Brace {
    size_t inside;
    bool box;
  };
  std::vector<Brace> open;
  std::optional<std::string_view> last;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\\') {
      const size_t command = BoxCommand(text, i);
      i += std::max<size_t>(command, 2);
      if (command == 0) continue;
      while (IsSpace(At(text, i))) ++i;
      if (At(text, i) == '{') {
        open.push_back({++i, true});
      } else if (IsSingle(text, i)) {
        last = text.substr(i, 1);
      }
      continue;
    }
    if (text[i] == '{') open.push_back({i + 1, false});
    if (text[i] == '}' && !open.empty()) {
      const Brace brace = open.back();
      open.pop_back();
      const std::string_view inside = Trim(text.substr(brace.inside, i - brace.inside));
      if (brace.box && !inside.empty()) last = inside;
    }
    ++i;
  }
  return last;
}

// --- statements ----------------------------------------------------------------------------------

size_t SkipSpace(std::string_view text, size_t at) {
  while (IsSpace(At(text, at))) ++at;
  return at;
}

size_t SkipBlanksAndStars(std::string_view text, size_t at) {
  while (At(text, at) == ' ' || At(text, at) == '*') ++at;
  return at;
}

// Behind a colon, which may stand behind the end of a bold text; `at` when there is none.
size_t SkipColon(std::string_view text, size_t at) {
  const size_t colon = SkipBlanksAndStars(text, at);
  if (At(text, colon) == ':') return colon + 1;
  constexpr std::string_view kWide = "：";
  return text.substr(std::min(colon, text.size()), kWide.size()) == kWide ? colon + kWide.size()
                                                                          : at;
}

// Behind the words that announce an answer here; npos when none do.
size_t BehindAnnouncement(std::string_view text, size_t at) {
  if (text[at] == '#') {
    const bool at_line = at == 0 || text[at - 1] == '\n';
    return at_line && text.substr(at, 4) == "####" && At(text, at + 4) != '#' ? at + 4 : kNpos;
  }
  size_t end = at;
  if (WordAt(text, at, "answer")) end += 6;
  if (WordAt(text, at, "answers")) end += 7;
  if (end == at) return kNpos;
  const size_t next = SkipBlanksAndStars(text, end);
  if (WordAt(text, next, "is")) return SkipColon(text, next + 2);
  if (WordAt(text, next, "are")) return SkipColon(text, next + 3);
  const size_t behind = SkipColon(text, end);
  return behind == end ? kNpos : behind;
}

bool EndsSentence(std::string_view text, size_t at) {
  if (text[at] == '\n') return true;
  const char next = At(text, at + 1);
  return text[at] == '.' && (next == '\0' || next == '*' || IsSpace(next));
}

bool StartsClause(std::string_view text, size_t at) {
  for (const std::string_view word : {"because", "since", "which", "where", "as"}) {
    if (WordAt(text, at, word)) return true;
  }
  return false;
}

size_t SentenceEnd(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    if (const size_t marked = EndOfMarked(text, at); marked > at) {
      at = marked;
    } else if (EndsSentence(text, at) || (at > 0 && StartsClause(text, at))) {
      return at;
    } else {
      at += text[at] == '\\' ? 2 : 1;
    }
  }
  return text.size();
}

// Without the marks of bold text around it, or around its beginning; one that was opened before it
// may be closed at its end.
std::string WithoutBold(std::string_view text) {
  constexpr std::string_view kBold = "**";
  if (text.substr(0, 2) == kBold) {
    const size_t close = text.find(kBold, 2);
    if (close == kNpos) return std::string(Trim(text.substr(2)));
    return std::string(Trim(text.substr(2, close - 2))) + std::string(text.substr(close + 2));
  }
  if (text.size() > 2 && text.substr(text.size() - 2) == kBold) text.remove_suffix(2);
  return std::string(Trim(text));
}

std::string StatementAt(std::string_view text, size_t at) {
  at = SkipSpace(text, at);
  if (text.substr(std::min(at, text.size()), 2) == "**" && IsSpace(At(text, at + 2)))
    at = SkipSpace(text, at + 2);  // the end of a bold announcement
  text = text.substr(std::min(at, text.size()), 2 * kMaxAnswerBytes);
  text = Trim(text.substr(0, SentenceEnd(text)));
  while (!text.empty() && text.back() == ',') text = Trim(text.substr(0, text.size() - 1));
  return WithoutBold(text);
}

std::optional<std::string> LastStatement(std::string_view text) {
  for (size_t at = text.size(); at-- > 0;) {
    const char c = text[at];
    if (c != 'a' && c != 'A' && c != '#') continue;
    const size_t behind = BehindAnnouncement(text, at);
    if (behind == kNpos) continue;
    std::string statement = StatementAt(text, behind);
    if (!statement.empty()) return statement;
  }
  return {};
}

// --- without an announcement ---------------------------------------------------------------------

int CountWords(std::string_view text) {
  int words = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t start = at;
    while (IsLetter(At(text, at))) ++at;
    const bool command = start > 0 && text[start - 1] == '\\';
    if (at - start > 1 && !command) ++words;
    if (at == start) ++at;
  }
  return words;
}

bool IsBare(std::string_view text) {
  return !text.empty() && text.size() <= kMaxBareBytes && text.find('\n') == kNpos &&
         CountWords(text) <= kMaxBareWords;
}

// Behind the last empty line.
std::string_view LastParagraph(std::string_view text) {
  for (size_t end = text.rfind('\n'); end != kNpos && end > 0; end = text.rfind('\n', end - 1)) {
    const std::string_view before = text.substr(0, end);
    const size_t line = before.rfind('\n');
    if (line != kNpos && Trim(before.substr(line)).empty()) return text.substr(end + 1);
  }
  return text;
}

bool EndsThought(std::string_view text, size_t at) {
  return std::string_view(".:!?").find(text[at]) != kNpos &&
         (at + 1 == text.size() || IsSpace(text[at + 1]));
}

std::optional<std::string_view> LastAlone(std::string_view text) {
  text = LastParagraph(text);
  text = text.substr(0, text.find_last_not_of(" \t\r\n.*") + 1);
  if (text.size() > kMaxParagraphBytes) return {};
  std::optional<std::string_view> marked;
  bool alone = true;
  for (size_t at = 0; at < text.size();) {
    if (const size_t end = EndOfMarked(text, at); end > at) {
      alone = alone && !marked;
      marked = text.substr(at, end - at);
      at = end;
      continue;
    }
    if (EndsThought(text, at)) {
      marked.reset();
      alone = true;
    } else if (IsDigit(text[at]) || (marked && !IsSpace(text[at]) && text[at] != '*')) {
      alone = false;  // a digit beside it, or words behind it
    }
    ++at;
  }
  return alone ? marked : std::nullopt;
}

}  // namespace

std::string_view AnswerRuleName(AnswerRule rule) {
  switch (rule) {
    case AnswerRule::kBox:
      return "box";
    case AnswerRule::kStatement:
      return "statement";
    case AnswerRule::kBare:
      return "bare";
    case AnswerRule::kLast:
      return "last";
  }
  return "";
}

std::optional<ExtractedAnswer> ExtractAnswer(std::string_view text) {
  if (text.size() > kMaxTextBytes) text.remove_prefix(text.size() - kMaxTextBytes);
  if (const std::optional<std::string_view> box = LastBox(text))
    return ExtractedAnswer{std::string(*box), AnswerRule::kBox};
  if (std::optional<std::string> statement = LastStatement(text))
    return ExtractedAnswer{*std::move(statement), AnswerRule::kStatement};
  text = Trim(text);
  if (IsBare(text)) return ExtractedAnswer{std::string(text), AnswerRule::kBare};
  if (const std::optional<std::string_view> last = LastAlone(text))
    return ExtractedAnswer{std::string(*last), AnswerRule::kLast};
  return {};
}

}  // namespace cohort
