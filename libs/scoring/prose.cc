#include "libs/scoring/prose.h"

#include <algorithm>
#include <array>
#include <optional>

#include "libs/scoring/marked.h"

namespace cohort {
namespace {

constexpr size_t kNone = std::string_view::npos;
constexpr std::string_view kOuterMarks = " \t\"'`*_~()[]{}.,;:!?#|-<>";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsAsciiLetter(char c) { return IsUpper(c) || IsLower(c); }
// Bytes of letters beyond ASCII count as letters: marks beyond ASCII are looked at beforehand.
bool IsLetter(char c) { return IsAsciiLetter(c) || static_cast<unsigned char>(c) >= 0x80; }

template <size_t kCount>
bool IsOneOf(std::string_view word, const std::array<std::string_view, kCount>& words) {
  return std::ranges::find(words, word) != words.end();
}

// One character of UTF-8.
struct CodePoint {
  char32_t value = 0xFFFD;
  size_t bytes = 1;
  bool valid = false;
};

CodePoint CodePointAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + bytes > text.size()) return {};
  char32_t value = lead & (0xFF >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3F);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < kSmallest[bytes] || value > 0x10FFFF || surrogate) return {};
  return {value, bytes, true};
}

std::string ValidUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const CodePoint point = CodePointAt(text, at);
    if (point.valid) {
      out.append(text.substr(at, point.bytes));
    } else {
      out.append("\xEF\xBF\xBD");
    }
    at += point.bytes;
  }
  return out;
}

// ---- Calls and indexed names -------------------------------------------------------------------

bool IsNamePart(char c) { return IsAsciiLetter(c) || IsDigit(c) || c == '_' || c == '.'; }

// Two words side by side: prose, which no argument is.
bool HasNeighbouringWords(std::string_view text) {
  size_t before = 0, letters = 0;  // letters of the word before the space, and of this one
  for (const char c : text) {
    if (IsLetter(c)) {
      if (++letters >= 2 && before >= 2) return true;
    } else {
      before = c == ' ' ? letters : 0;
      letters = 0;
    }
  }
  return false;
}

// word(s), child(ren)
bool IsEnding(std::string_view name, std::string_view inside) {
  constexpr std::array<std::string_view, 6> kEndings = {"s", "es", "ren", "ies", "d", "ed"};
  return name.size() >= 3 && IsOneOf(inside, kEndings);
}

// Behind the call or the indexed name whose bracket is at `at` and whose name is before it.
size_t BehindCall(std::string_view text, std::string_view name, size_t at) {
  const std::optional<size_t> behind = BehindGroup(text, at, 120);
  if (!behind) return at;
  const std::string_view inside = text.substr(at + 1, *behind - at - 2);
  if (inside.find('\n') != kNone || HasNeighbouringWords(inside)) return at;
  if (IsEnding(name, inside)) return at;
  return *behind;
}

std::string WithoutCalls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    if ((text[at] == '(' || text[at] == '[') && at > 0 && !out.empty()) {
      size_t name = out.size();
      if (out[name - 1] == '\'') --name;  // f'(x)
      while (name > 0 && IsNamePart(out[name - 1])) --name;
      const bool named =
          name < out.size() && out.back() != '.' &&
          std::any_of(out.begin() + static_cast<std::ptrdiff_t>(name), out.end(), IsAsciiLetter);
      const size_t end = named ? BehindCall(text, std::string_view(out).substr(name), at) : at;
      if (end > at) {
        out.resize(name);
        AppendRemovedPiece(out);
        at = end;
        while (at < text.size() && text[at] == '[') {  // dp[i][j]
          const std::optional<size_t> behind = BehindGroup(text, at, 120);
          if (!behind) break;
          at = *behind;
        }
        continue;
      }
    }
    out.push_back(text[at++]);
  }
  return out;
}

// ---- Words by their form -----------------------------------------------------------------------

// Whether a code point may be part of a word of Latin letters, a formula or an identifier.
bool IsOfChunk(char32_t c) {
  if (c <= 0x20 || c == 0x7F) return false;
  if (c == 0xAB || c == 0xBB || c == 0xBF || c == 0xA1) return false;  // « » ¿ ¡
  return (c < 0x400 && !(c >= 0x80 && c <= 0xA0)) || (c >= 0x1E00 && c < 0x2000) ||
         (c >= 0x2070 && c < 0x2C00);
}

bool IsOperator(char32_t c) {
  constexpr std::u32string_view kOperators = U"=+*^_<>\\{}@±×÷·¬°¹²³";
  return kOperators.find(c) != std::u32string_view::npos || (c >= 0x2070 && c <= 0x209F) ||
         (c >= 0x2190 && c <= 0x22FF) || (c >= 0x2A00 && c < 0x2C00);
}

constexpr std::array<std::string_view, 27> kFunctions = {
    "sin",    "cos",    "tan",  "cot",  "sec",  "csc",  "log", "ln",  "lg",
    "exp",    "lim",    "max",  "min",  "mod",  "gcd",  "lcm", "det", "arcsin",
    "arccos", "arctan", "sinh", "cosh", "tanh", "sqrt", "sgn", "sup", "inf"};

constexpr std::array<std::string_view, 57> kUnits = {
    "mm",  "cm",    "dm",   "km",   "nm",  "mg",   "kg",  "ml",  "mL",  "dl",  "ms",  "ns",
    "us",  "min",   "hr",   "hrs",  "sec", "kB",   "KB",  "MB",  "GB",  "TB",  "Hz",  "kHz",
    "MHz", "GHz",   "kW",   "MW",   "kWh", "kJ",   "MJ",  "Pa",  "kPa", "mol", "rad", "deg",
    "mph", "kph",   "rpm",  "dB",   "px",  "fps",  "lb",  "lbs", "oz",  "ft",  "yd",  "km/h",
    "m/s", "g/mol", "kg/m", "mg/L", "kmh", "kcal", "cal", "kV",  "mA"};

bool IsNumber(std::string_view core) {
  return !core.empty() && std::ranges::any_of(core, IsDigit) &&
         std::ranges::none_of(core, IsAsciiLetter);
}

// A URL, a path, or a quotient (s/t); not and/or.
bool IsPath(std::string_view chunk) {
  constexpr std::string_view kMarks = "\"'*()[]{}<>,;:!?";
  const size_t first = chunk.find_first_not_of(kMarks);
  if (first == kNone) return false;
  std::string_view path = chunk.substr(first, chunk.find_last_not_of(kMarks) + 1 - first);
  if (path.ends_with('.')) path.remove_suffix(1);
  const size_t slash = path.find('/');
  if (slash == kNone) return false;
  if (slash == 0) return path.size() > 1;
  if (path.starts_with("./") || path.starts_with("../") || path.starts_with("~/")) return true;
  if (path.find('/', slash + 1) != kNone || path.find('.', slash) != kNone) return true;
  return slash == 1 || slash + 2 == path.size();
}

// list.append, server.log; not end.Then, where only a space is missing
bool IsDotted(std::string_view core) {
  for (size_t at = 1; at + 1 < core.size(); ++at) {
    if (core[at] != '.' || !IsLetter(core[at - 1])) continue;
    if (IsLower(core[at + 1]) || IsDigit(core[at + 1])) return true;
  }
  return false;
}

// A chunk that is no word at all, judged without its outer marks.
bool IsFormulaOrCode(std::string_view chunk, std::string_view core) {
  if (chunk.size() > 2 && chunk.front() == '<' && chunk.back() == '>') return true;
  if (chunk.size() > 2 && chunk.starts_with("--") && IsAsciiLetter(chunk[2])) return true;
  if (chunk.starts_with("www.") || core.find("::") != kNone) return true;
  if (IsPath(chunk) || IsDotted(core)) return true;
  for (size_t at = 0; at < core.size();) {
    const CodePoint point = CodePointAt(core, at);
    if (IsOperator(point.value)) return true;
    at += point.bytes;
  }
  return false;
}

// 3x, H2O, camelCase; sin
bool IsIdentifier(std::string_view run) {
  bool digit = false, letter = false, inner_capital = false;
  for (size_t i = 0; i < run.size(); ++i) {
    digit = digit || IsDigit(run[i]);
    letter = letter || IsLetter(run[i]);
    inner_capital = inner_capital || (i > 0 && IsUpper(run[i]) && IsLower(run[i - 1]));
  }
  return (digit && letter) || inner_capital || IsOneOf(run, kFunctions);
}

void AppendWords(std::string_view core, std::string& out) {
  const auto of_run = [](char c) { return IsLetter(c) || IsDigit(c) || c == '\''; };
  for (size_t at = 0; at < core.size();) {
    size_t end = at;
    while (end < core.size() && of_run(core[end])) ++end;
    const std::string_view run = core.substr(at, end - at);
    if (end == at) {
      out.push_back(core[at++]);
      continue;
    }
    if (IsIdentifier(run)) {
      AppendRemovedPiece(out);
    } else {
      out.append(run);
    }
    at = end;
  }
}

// `behind_number`: whether a number or a removed piece stands before; becomes the same for the
// next.
void AppendChunk(std::string_view chunk, bool& behind_number, std::string& out) {
  const size_t first = std::min(chunk.find_first_not_of(kOuterMarks), chunk.size());
  const size_t last = first == chunk.size() ? first : chunk.find_last_not_of(kOuterMarks) + 1;
  const std::string_view core = chunk.substr(first, last - first);
  if (core.empty() || IsNumber(core)) {
    behind_number = IsNumber(core);
    out.append(chunk);
    return;
  }
  const bool removed =
      IsFormulaOrCode(chunk, core) || (behind_number && first == 0 && IsOneOf(core, kUnits));
  behind_number = false;
  out.append(chunk.substr(0, first));
  if (removed) {
    AppendRemovedPiece(out);
  } else {
    AppendWords(core, out);
  }
  out.append(chunk.substr(last));
}

std::string WithoutForms(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool behind_number = false;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    CodePoint point = CodePointAt(text, end);
    while (IsOfChunk(point.value)) {
      end += point.bytes;
      if (end == text.size()) break;
      point = CodePointAt(text, end);
    }
    if (end > at) {
      AppendChunk(text.substr(at, end - at), behind_number, out);
      at = end;
      continue;
    }
    const std::string_view other = text.substr(at, point.bytes);
    if (other == kRemovedPiece) {
      behind_number = true;
    } else if (other != " ") {
      behind_number = false;
    }
    out.append(other);
    at += point.bytes;
  }
  return out;
}

}  // namespace

std::string ProseOf(std::string_view text) {
  const std::string valid = ValidUtf8(text.substr(0, kProseBytes));
  return WithoutForms(WithoutCalls(WithoutMarked(valid)));
}

}  // namespace cohort
