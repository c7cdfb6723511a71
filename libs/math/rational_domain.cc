#include "libs/math/rational_domain.h"

#include <flint/arith.h>

#include <algorithm>
#include <vector>

#include "libs/math/points.h"

namespace cohort {
namespace {

constexpr long kMaxFactorial = 2'500;
constexpr long kMaxChosen = 1'000;  // k of a binomial coefficient
constexpr long kMaxRootIndex = 64;

// A number of the machine, between 0 and `limit`.
bool AsSmall(const Rational& value, long limit, long* out) {
  if (!value.IsInteger() || value.Sign() < 0 || fmpz_cmp_si(value.numerator(), limit) > 0)
    return false;
  *out = fmpz_get_si(value.numerator());
  return true;
}

// False when it is no perfect power.
bool ExactRoot(const fmpz* number, long index, fmpz* out) {
  return fmpz_root(out, number, index) != 0;
}

}  // namespace

Evaluation RationalPower(const Rational& base, const Rational& exponent, Budget* budget,
                         Rational* out) {
  if (base.IsZero()) {
    if (exponent.Sign() <= 0) return Evaluation::kUndefined;
    *out = Rational(0);
    return Evaluation::kOk;
  }
  if (fmpz_bits(exponent.numerator()) > 40) {
    if (!(base == Rational(1)) || !exponent.IsInteger()) return Evaluation::kBeyond;
    *out = base;
    return Evaluation::kOk;
  }
  if (fmpz_cmp_si(exponent.denominator(), kMaxRootIndex) > 0) return Evaluation::kBeyond;
  Rational root = base;
  if (!exponent.IsInteger()) {
    const long index = fmpz_get_si(exponent.denominator());
    if (!budget->SpendExact(base.Bits() * 4)) return Evaluation::kBeyond;
    const bool negative = base.Sign() < 0;
    if (negative && index % 2 == 0) return Evaluation::kBeyond;
    fmpz_abs(root.numerator(), root.numerator());
    if (!ExactRoot(root.numerator(), index, root.numerator()) ||
        !ExactRoot(root.denominator(), index, root.denominator())) {
      return Evaluation::kBeyond;
    }
    if (negative) fmpz_neg(root.numerator(), root.numerator());
  }
  const long power = fmpz_get_si(exponent.numerator());
  const long size = power < 0 ? -power : power;
  const bool unit = fmpz_is_pm1(root.numerator()) && fmpz_is_one(root.denominator());
  if (!unit && (size > Budget::kMaxBits || !budget->SpendExact(root.Bits() * size)))
    return Evaluation::kBeyond;
  const long reduced = unit ? size % 2 : size;
  fmpq_pow_si(out->get(), root.get(), power < 0 ? -reduced : reduced);
  return Evaluation::kOk;
}

Evaluation ExponentOf(const Node& node, Budget* budget, Rational* out) {
  RationalDomain constants(0, budget);
  if (!SymbolsOf(node.children[1]).empty()) return Evaluation::kBeyond;
  const Evaluation result = Evaluate(node.children[1], constants, out);
  if (result != Evaluation::kOk || node.kind != NodeKind::kRoot) return result;
  if (!out->IsInteger() || out->Sign() <= 0) return Evaluation::kUndefined;
  *out = Rational(1) / *out;
  return Evaluation::kOk;
}

Evaluation RationalDomain::FromRational(const Rational& number, Rational* out) {
  if (!Affordable(number.Bits())) return Evaluation::kBeyond;
  *out = number;
  return Evaluation::kOk;
}

Evaluation RationalDomain::Symbol(const std::string& name, Rational* out) {
  *out = PointValue(name, point_);
  return Evaluation::kOk;
}

Evaluation RationalDomain::Constant(const std::string& name, Rational*) {
  return name == "infinity" ? Evaluation::kUndefined : Evaluation::kBeyond;
}

Evaluation RationalDomain::Add(const Rational& a, const Rational& b, Rational* out) {
  if (!Affordable(a.Bits() + b.Bits())) return Evaluation::kBeyond;
  fmpq_add(out->get(), a.get(), b.get());
  return Evaluation::kOk;
}

Evaluation RationalDomain::Multiply(const Rational& a, const Rational& b, Rational* out) {
  if (!Affordable(a.Bits() + b.Bits())) return Evaluation::kBeyond;
  fmpq_mul(out->get(), a.get(), b.get());
  return Evaluation::kOk;
}

Evaluation RationalDomain::Negate(const Rational& a, Rational* out) {
  fmpq_neg(out->get(), a.get());
  return Evaluation::kOk;
}

Evaluation RationalDomain::Divide(const Rational& a, const Rational& b, Rational* out) {
  if (b.IsZero()) return Evaluation::kUndefined;
  if (!Affordable(a.Bits() + b.Bits())) return Evaluation::kBeyond;
  fmpq_div(out->get(), a.get(), b.get());
  return Evaluation::kOk;
}

Evaluation RationalDomain::Power(const Node& node, Rational* out) {
  Rational base;
  Evaluation result = Evaluate(node.children[0], *this, &base);
  if (result != Evaluation::kOk) return result;
  Rational exponent;
  if (SymbolsOf(node.children[1]).empty()) {
    result = ExponentOf(node, budget_, &exponent);
  } else {
    // x^n, at points where n is an integer.
    result = node.kind == NodeKind::kPower ? Evaluate(node.children[1], *this, &exponent)
                                           : Evaluation::kBeyond;
    if (result == Evaluation::kOk && !exponent.IsInteger()) return Evaluation::kBeyond;
  }
  if (result != Evaluation::kOk) return result;
  return RationalPower(base, exponent, budget_, out);
}

Evaluation RationalDomain::Call(const Node& node, Rational* out) {
  std::vector<Rational> values(node.children.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const Evaluation result = Evaluate(node.children[i], *this, &values[i]);
    if (result != Evaluation::kOk) return result;
  }
  const std::string& name = node.text;
  const auto all_integers = [&values] {
    return std::all_of(values.begin(), values.end(),
                       [](const Rational& value) { return value.IsInteger(); });
  };
  if (name == "abs") {
    fmpq_abs(out->get(), values[0].get());
    return Evaluation::kOk;
  }
  if (name == "floor" || name == "ceil") {
    *out = Rational(0);
    (name == "floor" ? fmpz_fdiv_q : fmpz_cdiv_q)(out->numerator(), values[0].numerator(),
                                                  values[0].denominator());
    return Evaluation::kOk;
  }
  if (name == "max" || name == "min") {
    const auto less = [](const Rational& a, const Rational& b) { return a < b; };
    *out = name == "max" ? *std::max_element(values.begin(), values.end(), less)
                         : *std::min_element(values.begin(), values.end(), less);
    return Evaluation::kOk;
  }
  if (name == "gcd" || name == "lcm") {
    if (!all_integers()) return Evaluation::kUndefined;
    *out = values[0];
    for (size_t i = 1; i < values.size(); ++i) {
      if (!Affordable(out->Bits() + values[i].Bits())) return Evaluation::kBeyond;
      (name == "gcd" ? fmpz_gcd : fmpz_lcm)(out->numerator(), out->numerator(),
                                            values[i].numerator());
    }
    return Evaluation::kOk;
  }
  if (name == "factorial") {
    if (!values[0].IsInteger() || values[0].Sign() < 0) return Evaluation::kUndefined;
    long n = 0;
    if (!AsSmall(values[0], kMaxFactorial, &n) || !Affordable(12 * n)) return Evaluation::kBeyond;
    *out = Rational(1);
    fmpz_fac_ui(out->numerator(), static_cast<unsigned long>(n));
    return Evaluation::kOk;
  }
  if (name == "binom") {
    long n = 0;
    long k = 0;
    if (!all_integers() || values[0].Sign() < 0) return Evaluation::kBeyond;
    if (values[1].Sign() < 0 || values[0] < values[1]) return *out = Rational(0), Evaluation::kOk;
    if (!AsSmall(values[0], 1'000'000'000, &n) || !AsSmall(values[1], n, &k))
      return Evaluation::kBeyond;
    k = std::min(k, n - k);
    if (k > kMaxChosen || !Affordable(30 * k)) return Evaluation::kBeyond;
    *out = Rational(1);
    fmpz_bin_uiui(out->numerator(), static_cast<unsigned long>(n), static_cast<unsigned long>(k));
    return Evaluation::kOk;
  }
  return Evaluation::kBeyond;
}

}  // namespace cohort
