#include "libs/math/rational.h"

namespace cohort {

Rational PowerOfTen(long exponent) {
  Rational power;
  const auto magnitude = static_cast<unsigned long>(exponent < 0 ? -exponent : exponent);
  fmpz_set_ui(power.numerator(), 10);
  fmpz_pow_ui(power.numerator(), power.numerator(), magnitude);
  if (exponent >= 0) return power;
  fmpz_swap(power.numerator(), power.denominator());
  return power;
}

Rational DigitsValue(std::string_view digits) {
  Rational value;
  if (digits.size() <= 18) {
    long small = 0;
    for (const char digit : digits) small = small * 10 + (digit - '0');
    fmpz_set_si(value.numerator(), small);
  } else {
    fmpz_set_str(value.numerator(), std::string(digits).c_str(), 10);
  }
  return value;
}

std::string ToText(const Rational& value) {
  char* text = fmpq_get_str(nullptr, 10, value.get());
  std::string copy(text);
  flint_free(text);
  return copy;
}

}  // namespace cohort
