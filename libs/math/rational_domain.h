// Exact arithmetic of rational numbers, within a budget.
//
// Variables have the values of one point (points.h). Whatever is not rational, or would take too
// many bits, is kBeyond.
#pragma once

#include <cstdint>
#include <string>

#include "libs/math/budget.h"
#include "libs/math/evaluate.h"

namespace cohort {

class RationalDomain {
 public:
  using Value = Rational;

  RationalDomain(uint64_t point, Budget* budget) : point_(point), budget_(budget) {}

  Evaluation FromRational(const Rational& number, Rational* out);
  Evaluation Symbol(const std::string& name, Rational* out);
  Evaluation Constant(const std::string& name, Rational* out);
  Evaluation Add(const Rational& a, const Rational& b, Rational* out);
  Evaluation Multiply(const Rational& a, const Rational& b, Rational* out);
  Evaluation Negate(const Rational& a, Rational* out);
  Evaluation Divide(const Rational& a, const Rational& b, Rational* out);
  Evaluation Power(const Node& node, Rational* out);
  Evaluation Call(const Node& node, Rational* out);

 private:
  bool Affordable(long bits) { return budget_->SpendExact(bits); }

  uint64_t point_;
  Budget* budget_;
};

// Exponent of a kPower or kRoot node as a rational: for a root 1 over its index.
Evaluation ExponentOf(const Node& node, Budget* budget, Rational* out);

// base^exponent where that is rational. Of a negative base the odd roots are the real ones.
Evaluation RationalPower(const Rational& base, const Rational& exponent, Budget* budget,
                         Rational* out);

}  // namespace cohort
