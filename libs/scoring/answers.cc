#include "libs/scoring/answers.h"

#include <algorithm>

#include "libs/scoring/thinking.h"

namespace cohort {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Where a number that starts at `begin` ends; `begin` itself when none does.
size_t NumberEnd(std::string_view text, size_t begin) {
  size_t at = begin;
  if (at < text.size() && text[at] == '-') ++at;
  if (at >= text.size() || !IsDigit(text[at])) return begin;
  while (at < text.size() && (IsDigit(text[at]) || text[at] == ',')) ++at;
  if (at + 1 < text.size() && text[at] == '.' && IsDigit(text[at + 1])) {
    ++at;
    while (at < text.size() && IsDigit(text[at])) ++at;
  }
  return at;
}

std::string Canonical(std::string_view number) {
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  std::string digits;
  for (const char c : number) {
    if (c != ',') digits += c;
  }
  const size_t point = digits.find('.');
  std::string whole = digits.substr(0, point);
  std::string fraction = point == std::string::npos ? "" : digits.substr(point + 1);
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  fraction.erase(fraction.find_last_not_of('0') + 1);
  std::string canonical = whole.empty() ? "0" : whole;
  if (!fraction.empty()) canonical += "." + fraction;
  return negative && canonical != "0" ? "-" + canonical : canonical;
}

}  // namespace

bool ExactMatch(std::string_view answer, std::string_view gold) {
  return Trimmed(answer) == Trimmed(gold);
}

std::optional<std::string> LastNumber(std::string_view text) {
  std::string_view last;
  for (size_t at = 0; at < text.size();) {
    const size_t end = NumberEnd(text, at);
    if (end == at) {
      ++at;
      continue;
    }
    last = text.substr(at, end - at);
    at = end;
  }
  if (last.empty()) return std::nullopt;
  return Canonical(last);
}

std::optional<std::string> NumberText(std::string_view text) {
  text = Trimmed(text);
  if (text.empty() || text.ends_with(',') || NumberEnd(text, 0) != text.size()) return std::nullopt;
  return Canonical(text);
}

}  // namespace cohort
