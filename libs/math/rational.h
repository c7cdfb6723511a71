// A rational number of any size that is a value of C++: FLINT's fmpq behind copy and move.
// Every operation is exact. What an operation may cost is estimated by its caller, before it.
#pragma once

#include <flint/fmpq.h>

#include <string>
#include <string_view>
#include <utility>

namespace cohort {

class Rational {
 public:
  Rational() { fmpq_init(value_); }
  explicit Rational(long whole) : Rational() { fmpq_set_si(value_, whole, 1); }
  Rational(long numerator, unsigned long denominator) : Rational() {
    fmpq_set_si(value_, numerator, denominator);
  }
  Rational(const Rational& other) : Rational() { fmpq_set(value_, other.value_); }
  Rational(Rational&& other) noexcept : Rational() { fmpq_swap(value_, other.value_); }
  Rational& operator=(const Rational& other) {
    fmpq_set(value_, other.value_);
    return *this;
  }
  Rational& operator=(Rational&& other) noexcept {
    fmpq_swap(value_, other.value_);
    return *this;
  }
  ~Rational() { fmpq_clear(value_); }

  fmpq* get() { return value_; }
  const fmpq* get() const { return value_; }
  fmpz* numerator() { return fmpq_numref(value_); }
  const fmpz* numerator() const { return fmpq_numref(value_); }
  fmpz* denominator() { return fmpq_denref(value_); }
  const fmpz* denominator() const { return fmpq_denref(value_); }

  bool IsZero() const { return fmpq_is_zero(value_); }
  bool IsInteger() const { return fmpz_is_one(denominator()); }
  int Sign() const { return fmpq_sgn(value_); }
  // Bits of numerator and denominator together.
  long Bits() const {
    return static_cast<long>(fmpz_bits(numerator())) + static_cast<long>(fmpz_bits(denominator()));
  }

  bool operator==(const Rational& other) const { return fmpq_equal(value_, other.value_) != 0; }
  bool operator<(const Rational& other) const { return fmpq_cmp(value_, other.value_) < 0; }
  bool operator<=(const Rational& other) const { return fmpq_cmp(value_, other.value_) <= 0; }

 private:
  fmpq_t value_;
};

inline Rational operator+(const Rational& a, const Rational& b) {
  Rational sum;
  fmpq_add(sum.get(), a.get(), b.get());
  return sum;
}
inline Rational operator-(const Rational& a, const Rational& b) {
  Rational difference;
  fmpq_sub(difference.get(), a.get(), b.get());
  return difference;
}
inline Rational operator*(const Rational& a, const Rational& b) {
  Rational product;
  fmpq_mul(product.get(), a.get(), b.get());
  return product;
}
// The divisor is not zero.
inline Rational operator/(const Rational& a, const Rational& b) {
  Rational quotient;
  fmpq_div(quotient.get(), a.get(), b.get());
  return quotient;
}

// 10^exponent, also below zero.
Rational PowerOfTen(long exponent);

// The value of decimal digits (ASCII, at least one).
Rational DigitsValue(std::string_view digits);

std::string ToText(const Rational& value);  // "-3/4"

}  // namespace cohort
