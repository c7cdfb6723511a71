#include "libs/math/numerals.h"

#include <algorithm>

namespace cohort {
namespace {

constexpr size_t kNpos = std::string_view::npos;
constexpr long kMaxExponent = 400;  // of ten

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

class NumeralReader {
 public:
  NumeralReader(std::string_view text, const NumeralOptions& options)
      : text_(text), options_(options) {}

  Result<Numeral> Read() {
    Numeral numeral;
    std::string whole(TakeDigits());
    ReadGroups(&whole);
    std::string_view decimals;
    std::string_view repetend;
    bool has_point = false;
    const bool comma = Peek() == ',' && options_.decimal_comma && IsDigit(Peek(1));
    if ((Peek() == '.' && Peek(1) != '.') || comma) {
      has_point = true;
      ++at_;
      decimals = TakeDigits();
      repetend = TakeRepetend();
    }
    if (whole.empty() && decimals.empty() && repetend.empty())
      return InvalidArgument("a point without digits");
    const auto length = static_cast<long>(decimals.size());
    numeral.value = DigitsValue(whole.empty() ? "0" : whole);
    if (!decimals.empty())
      numeral.value = numeral.value + DigitsValue(decimals) * PowerOfTen(-length);
    if (!repetend.empty()) {
      const Rational nines = PowerOfTen(static_cast<long>(repetend.size())) - Rational(1);
      numeral.value = numeral.value + DigitsValue(repetend) / nines * PowerOfTen(-length);
    } else if (!decimals.empty()) {
      numeral.decimals = static_cast<int>(length);
      const std::string all = whole + std::string(decimals);
      numeral.significant =
          static_cast<int>(all.size() - std::min(all.find_first_not_of('0'), all.size()));
    }
    if (!has_point) numeral.digits = whole;
    COHORT_RETURN_IF_ERROR(ReadExponent(&numeral));
    numeral.length = at_;
    return numeral;
  }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool StartsWith(std::string_view prefix) const {
    return text_.substr(at_, prefix.size()) == prefix;
  }

  // How many characters stand between a digit and three more that belong to the same number; 0 when
  // the number ends here.
  size_t ThousandsSeparator(std::string_view kind) const {
    const size_t behind = at_ + kind.size();
    if (!StartsWith(kind) || behind + 3 > text_.size()) return 0;
    if (!AllDigits(text_.substr(behind, 3))) return 0;
    if (behind + 3 < text_.size() && IsDigit(text_[behind + 3])) return 0;
    return kind.size();
  }

  static constexpr std::string_view kThousands[] = {
      ",", "{,}", ",\\!", ",\\! ", "\\,", "\\ ", "\\!", "~", " ", "\u00a0", "\u2009", "\u202f"};

  void ReadGroups(std::string* digits) {
    if (digits->size() > 3 || (*digits)[0] == '0') return;
    for (const std::string_view kind : kThousands) {
      if (kind == "," && !options_.comma_groups) continue;
      size_t skip = ThousandsSeparator(kind);
      if (skip == 0) continue;
      while (skip > 0) {
        *digits += text_.substr(at_ + skip, 3);
        at_ += skip + 3;
        skip = ThousandsSeparator(kind);
      }
      return;
    }
  }

  std::string_view TakeDigits() {
    const size_t start = at_;
    while (IsDigit(Peek())) ++at_;
    return text_.substr(start, at_ - start);
  }

  // What a bar or a dot marks as repeating behind the decimals; empty when there is none.
  std::string_view TakeRepetend() {
    for (const std::string_view bar : {"\\overline", "\\bar", "\\dot"}) {
      if (!StartsWith(bar)) continue;
      size_t start = at_ + bar.size();
      size_t end = start + 1;
      const bool group = start < text_.size() && text_[start] == '{';
      if (group) end = text_.find('}', ++start);
      if (end > text_.size() || !AllDigits(text_.substr(start, end - start))) return {};
      if (bar == "\\dot" && end - start > 1) return {};  // marks one digit
      at_ = group ? end + 1 : end;
      return text_.substr(start, end - start);
    }
    return {};
  }
  // The e+03 of 1.5e+03.
  Status ReadExponent(Numeral* numeral) {
    if (Peek() != 'e' && Peek() != 'E') return {};
    size_t digits_at = 1;
    const bool negative = Peek(1) == '-';
    if (negative || Peek(1) == '+') digits_at = 2;
    if (!IsDigit(Peek(digits_at))) return {};
    at_ += digits_at;
    long exponent = 0;
    for (const char digit : TakeDigits())
      exponent = std::min(exponent * 10 + (digit - '0'), kMaxExponent + 1);
    if (exponent > kMaxExponent) return ResourceExhausted("a number's exponent is too large");
    if (negative) exponent = -exponent;
    numeral->value = numeral->value * PowerOfTen(exponent);
    numeral->digits.clear();
    numeral->decimals = std::max(0, numeral->decimals - static_cast<int>(exponent));
    return {};
  }

  std::string_view text_;
  NumeralOptions options_;
  size_t at_ = 0;
};

}  // namespace

bool StartsNumeral(std::string_view text) {
  if (text.empty()) return false;
  if (IsDigit(text[0])) return true;
  if (text[0] != '.' || text.size() < 2) return false;
  if (IsDigit(text[1])) return true;
  for (const std::string_view mark : {".\\overline", ".\\bar", ".\\dot"}) {
    if (text.substr(0, mark.size()) == mark) return text.size() > mark.size();
  }
  return false;
}

Result<Numeral> ReadNumeral(std::string_view text, const NumeralOptions& options) {
  return NumeralReader(text, options).Read();
}

}  // namespace cohort
