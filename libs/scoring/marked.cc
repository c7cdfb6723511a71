#include "libs/scoring/marked.h"

#include <algorithm>

namespace cohort {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAsciiLetter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool IsSpace(char c) { return std::string_view(" \t\n\v\f\r").find(c) != kNone; }
bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }  // of UTF-8

// Where marks stand next. The scan only moves forward, so that each finder crosses the text once
// and a text of marks that nothing closes costs no more than another.
class NextMark {
 public:
  NextMark(std::string_view text, std::string_view mark) : text_(text), mark_(mark) {}

  // The first one at `from` or behind it, if it begins within `reach` bytes.
  std::optional<size_t> Within(size_t from, size_t reach) {
    if (!at_ || (*at_ != kNone && *at_ < from)) at_ = text_.find(mark_, from);
    if (*at_ == kNone || *at_ - from > reach) return std::nullopt;
    return *at_;
  }

 private:
  std::string_view text_;
  std::string_view mark_;
  std::optional<size_t> at_;
};

// Behind the arguments and scripts of a LaTeX command whose name ends at `end`.
size_t BehindArguments(std::string_view text, size_t end) {
  while (end < text.size()) {
    const bool script = text[end] == '^' || text[end] == '_';
    const size_t group = end + (script ? 1 : 0);
    if (group >= text.size()) break;
    if (text[group] == '{' || (text[group] == '[' && !script)) {
      const std::optional<size_t> behind = BehindGroup(text, group, 1000);
      if (!behind) break;
      end = *behind;
    } else if (script && !IsSpace(text[group])) {
      end = group + 1;
      while (end < text.size() && IsContinuation(text[end])) ++end;
    } else {
      break;
    }
  }
  return end;
}

// Takes out what stands between marks of code and math.
class MarkedRemover {
 public:
  explicit MarkedRemover(std::string_view text) : text_(text) {}

  std::string Run() {
    std::string out;
    out.reserve(text_.size());
    for (size_t at = 0; at < text_.size();) {
      size_t end = at;
      if (text_[at] == '`') end = BehindCode(at);
      if (text_[at] == '$') end = BehindDollars(at);
      if (text_[at] == '\\') end = BehindLatex(at);
      if (end > at) {
        AppendRemovedPiece(out);
        at = end;
        continue;
      }
      const size_t kept = text_.substr(at).starts_with("\\$") ? 2 : 1;
      out.append(text_.substr(at, kept));
      at += kept;
    }
    return out;
  }

 private:
  // Each takes where a mark begins and gives what is behind the piece; the same place if it is
  // none.
  size_t BehindCode(size_t at) {
    const size_t ticks = std::min(text_.find_first_not_of('`', at), text_.size()) - at;
    if (ticks >= 3) {
      const size_t close = fence_.Within(at + ticks, kNone).value_or(text_.size());
      return std::min(text_.find_first_not_of('`', close), text_.size());
    }
    NextMark& mark = ticks == 1 ? tick_ : two_ticks_;
    const std::optional<size_t> close = mark.Within(at + ticks, 1000);
    return close && InOneParagraph(at, *close) ? *close + ticks : at;
  }

  // Pandoc's rule: no space behind the first dollar or before the last one, no digit behind that.
  size_t BehindDollars(size_t at) {
    if (text_.substr(at).starts_with("$$")) {
      const std::optional<size_t> close = two_dollars_.Within(at + 2, 4000);
      return close ? *close + 2 : at;
    }
    if (at + 1 >= text_.size() || IsSpace(text_[at + 1])) return at;
    if (at > 0 && IsDigit(text_[at - 1])) return at;
    size_t close = at;
    for (int candidate = 0; candidate < 4; ++candidate) {
      close = text_.substr(0, std::min(text_.size(), at + 1000)).find('$', close + 1);
      if (close == kNone || !InOneParagraph(at, close)) return at;
      const bool digit_behind = close + 1 < text_.size() && IsDigit(text_[close + 1]);
      const char before = text_[close - 1];
      if (!IsSpace(before) && before != '\\' && !digit_behind) return close + 1;
    }
    return at;
  }

  size_t BehindLatex(size_t at) {
    if (at + 1 >= text_.size()) return at;
    const char next = text_[at + 1];
    if (next == '(' || next == '[') {
      const auto close = (next == '(' ? round_ : square_).Within(at + 2, 4000);
      return close ? *close + 2 : at;
    }
    if (!IsAsciiLetter(next)) return at;
    size_t end = at + 1;
    while (end < text_.size() && IsAsciiLetter(text_[end])) ++end;
    if (text_.substr(at, end - at) == "\\begin") {
      if (const size_t behind = BehindEnvironment(end); behind > end) return behind;
    }
    return BehindArguments(text_, end);
  }

  size_t BehindEnvironment(size_t name) {
    if (name >= text_.size() || text_[name] != '{') return name;
    const std::optional<size_t> behind = BehindGroup(text_, name, 40);
    if (!behind || !environment_end_.Within(*behind, 4000)) return name;
    const std::string close = "\\end" + std::string(text_.substr(name, *behind - name));
    const size_t found =
        text_.substr(0, std::min(text_.size(), *behind + 4000)).find(close, *behind);
    return found == kNone ? name : found + close.size();
  }

  bool InOneParagraph(size_t begin, size_t end) {
    return !blank_line_.Within(begin, end - begin).has_value();
  }

  std::string_view text_;
  NextMark tick_{text_, "`"}, two_ticks_{text_, "``"}, fence_{text_, "```"};
  NextMark two_dollars_{text_, "$$"}, round_{text_, "\\)"}, square_{text_, "\\]"};
  NextMark environment_end_{text_, "\\end{"}, blank_line_{text_, "\n\n"};
};

}  // namespace

void AppendRemovedPiece(std::string& out) { out.append(" ").append(kRemovedPiece).append(" "); }

std::optional<size_t> BehindGroup(std::string_view text, size_t at, size_t reach) {
  const char open = text[at];
  const char close = open == '{' ? '}' : open == '[' ? ']' : ')';
  size_t depth = 0;
  for (size_t i = at; i < std::min(text.size(), at + reach); ++i) {
    if (text[i] == open) ++depth;
    if (text[i] == close && --depth == 0) return i + 1;
  }
  return std::nullopt;
}

std::string WithoutMarked(std::string_view text) { return MarkedRemover(text).Run(); }

}  // namespace cohort
