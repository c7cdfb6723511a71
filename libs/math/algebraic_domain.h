// Exact arithmetic of algebraic numbers (Calcium's qqbar), within a budget of degrees and bits.
//
// What is not algebraic — π, e, logarithms of primes, functions at points without an exact value —
// stands for itself: it has a value chosen by its name (points.h), so that the same quantity is the
// same number in both of two expressions. Equality here therefore proves equality, but for
// accident; inequality proves nothing. The caller has made sure with balls that the two are not far
// apart. Source: F. Johansson, "Calcium: computing in exact real and complex fields" (ISSAC 2021).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/math/budget.h"
#include "libs/math/evaluate.h"
#include "libs/math/qqbar.h"

namespace cohort {

class Algebraic {
 public:
  Algebraic() { qqbar_init(value_); }
  Algebraic(const Algebraic& other) : Algebraic() { qqbar_set(value_, other.value_); }
  Algebraic(Algebraic&& other) noexcept : Algebraic() { qqbar_swap(value_, other.value_); }
  Algebraic& operator=(const Algebraic& other) {
    qqbar_set(value_, other.value_);
    return *this;
  }
  Algebraic& operator=(Algebraic&& other) noexcept {
    qqbar_swap(value_, other.value_);
    return *this;
  }
  ~Algebraic() { qqbar_clear(value_); }

  qqbar_struct* get() { return value_; }
  const qqbar_struct* get() const { return value_; }
  bool IsZero() const { return qqbar_is_zero(value_) != 0; }
  bool IsReal() const { return qqbar_is_real(value_) != 0; }
  bool IsRational() const { return qqbar_is_rational(value_) != 0; }
  Rational AsRational() const {
    Rational rational;
    qqbar_get_fmpq(rational.get(), value_);
    return rational;
  }
  bool operator==(const Algebraic& other) const { return qqbar_equal(value_, other.value_) != 0; }

 private:
  qqbar_t value_;
};

class AlgebraicDomain {
 public:
  using Value = Algebraic;

  AlgebraicDomain(uint64_t point, Budget* budget) : point_(point), budget_(budget) {}

  Evaluation FromRational(const Rational& number, Algebraic* out);
  Evaluation Symbol(const std::string& name, Algebraic* out);
  Evaluation Constant(const std::string& name, Algebraic* out);
  Evaluation Add(const Algebraic& a, const Algebraic& b, Algebraic* out);
  Evaluation Multiply(const Algebraic& a, const Algebraic& b, Algebraic* out);
  Evaluation Negate(const Algebraic& a, Algebraic* out);
  Evaluation Divide(const Algebraic& a, const Algebraic& b, Algebraic* out);
  Evaluation Power(const Node& node, Algebraic* out);
  Evaluation Call(const Node& node, Algebraic* out);

  // Some value was one that stands for itself: then one point alone may be an accident.
  bool used_points() const { return used_points_; }

 private:
  bool Affordable(const Algebraic& a, const Algebraic& b);
  bool SpendDegree(long degree, long bits);
  Evaluation RaiseTo(const Algebraic& base, const Rational& exponent, Algebraic* out);
  Evaluation Exponential(const Node& exponent, Algebraic* out);
  Evaluation Trigonometric(const std::string& name, const Node& angle, Algebraic* out);
  Evaluation Inverse(const std::string& name, const Algebraic& value, Algebraic* out);
  Evaluation Logarithm(const Node& argument, Algebraic* out);
  Evaluation LogarithmOf(const Algebraic& value, Algebraic* out);
  bool ByTrueValue(const Node& node, Algebraic* out);
  Evaluation Named(std::string_view name, Algebraic* out);
  Evaluation Unknown(std::string_view function, const Algebraic& argument, Algebraic* out);
  // Whether the node is multiple × π (times i when `imaginary`), by its value for two values of π.
  bool IsMultipleOfPi(const Node& node, bool imaginary, Rational* multiple);

  uint64_t point_;
  uint64_t pi_point_ = 0;
  bool used_points_ = false;
  Budget* budget_;
};

}  // namespace cohort
