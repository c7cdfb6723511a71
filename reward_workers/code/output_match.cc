#include "reward_workers/code/output_match.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

namespace cohort {
namespace {

constexpr std::string_view kSpace = " \t\r\n\f\v";

std::string_view WithoutEnd(std::string_view text) {
  const size_t last = text.find_last_not_of(kSpace);
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

std::string_view Stripped(std::string_view text) {
  text = WithoutEnd(text);
  const size_t first = text.find_first_not_of(kSpace);
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::vector<std::string_view> Tokens(std::string_view text) {
  std::vector<std::string_view> tokens;
  for (size_t begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kSpace, begin), text.size());
    tokens.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kSpace, end);
  }
  return tokens;
}

// A decimal number as ± 0.digits × 10^exponent, without zeros at either end of the digits.
struct Decimal {
  bool negative = false;
  std::string digits;  // empty: 0
  int64_t exponent = 0;
  bool whole = true;  // written without point and exponent
  bool operator==(const Decimal& other) const {
    if (digits.empty() || other.digits.empty()) return digits == other.digits;
    return negative == other.negative && digits == other.digits && exponent == other.exponent;
  }
};

std::optional<Decimal> ReadDecimal(std::string_view text) {
  Decimal number;
  size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) number.negative = text[at++] == '-';
  bool any = false;
  bool point = false;
  int64_t before_point = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point) {
      point = true;
      number.whole = false;
      continue;
    }
    if (c < '0' || c > '9') break;
    any = true;
    number.digits += c;
    if (!point) ++before_point;
  }
  if (!any) return std::nullopt;
  int64_t exponent = 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    number.whole = false;
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    const auto [end, error] =
        std::from_chars(text.data() + at, text.data() + text.size(), exponent);
    if (error != std::errc() || end == text.data() + at || std::abs(exponent) > 1'000'000'000) {
      return std::nullopt;
    }
    at = static_cast<size_t>(end - text.data());
  }
  if (at != text.size()) return std::nullopt;
  const size_t zeros = std::min(number.digits.find_first_not_of('0'), number.digits.size());
  number.digits.erase(0, zeros);
  number.digits.erase(number.digits.find_last_not_of('0') + 1);
  number.exponent = before_point - static_cast<int64_t>(zeros) + exponent;
  return number;
}

bool SameToken(std::string_view got, std::string_view wanted) {
  return got == wanted || SameDecimal(got, wanted);
}

std::optional<double> ReadDouble(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool CloseToken(std::string_view got, std::string_view wanted, double tolerance) {
  if (SameToken(got, wanted)) return true;
  const std::optional<Decimal> a = ReadDecimal(got), b = ReadDecimal(wanted);
  if (!a || !b || (a->whole && b->whole)) return false;  // whole numbers are exact
  const std::optional<double> x = ReadDouble(got), y = ReadDouble(wanted);
  return x && y && std::abs(*x - *y) <= tolerance * std::max(1.0, std::abs(*y));
}

template <typename Same>
bool AllTokens(std::string_view got, std::string_view wanted, const Same& same) {
  const std::vector<std::string_view> a = Tokens(got), b = Tokens(wanted);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

}  // namespace

Result<OutputMatch> ParseOutputMatch(std::string_view name) {
  if (name == "exact") return OutputMatch::kExact;
  if (name == "lines") return OutputMatch::kLines;
  if (name == "tokens") return OutputMatch::kTokens;
  if (name == "floats") return OutputMatch::kFloats;
  return InvalidArgument("\"" + std::string(name) + "\" is no way to compare outputs; use exact, " +
                         "lines, tokens or floats");
}

bool SameDecimal(std::string_view a, std::string_view b) {
  const std::optional<Decimal> x = ReadDecimal(a), y = ReadDecimal(b);
  return x && y && *x == *y;
}

bool OutputMatches(std::string_view got, std::string_view wanted, OutputMatch match,
                   double tolerance) {
  switch (match) {
    case OutputMatch::kExact: {
      const auto a = Lines(WithoutEnd(got)), b = Lines(WithoutEnd(wanted));
      return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                        [](auto x, auto y) { return WithoutEnd(x) == WithoutEnd(y); });
    }
    case OutputMatch::kLines: {
      const auto a = Lines(Stripped(got)), b = Lines(Stripped(wanted));
      return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                        [](auto x, auto y) { return AllTokens(x, y, SameToken); });
    }
    case OutputMatch::kTokens:
      return AllTokens(got, wanted, SameToken);
    case OutputMatch::kFloats:
      return AllTokens(got, wanted,
                       [tolerance](auto x, auto y) { return CloseToken(x, y, tolerance); });
  }
  return false;
}

}  // namespace cohort
