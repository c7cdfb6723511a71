#include "libs/math/ball_domain.h"

#include <vector>

#include "libs/math/points.h"
#include "libs/math/rational_domain.h"

namespace cohort {
namespace {

// What is farther from zero than this is not computed with: Arb's exponents have no bound, its time
// would have none either.
constexpr long kMaxExponent = 1L << 40;

constexpr long kMaxAngleBits = 4'000;  // of the argument of sin and its like

// What is reduced by π, in either part of it, is not of so many bits that this takes long.
bool HasTameAngle(const Ball& value) {
  return arf_cmpabs_2exp_si(arb_midref(acb_realref(value.get())), kMaxAngleBits) <= 0 &&
         arf_cmpabs_2exp_si(arb_midref(acb_imagref(value.get())), kMaxAngleBits) <= 0;
}

Evaluation Checked(const Ball& value) {
  if (!value.IsFinite()) return Evaluation::kBeyond;
  for (const arb_struct* part : {acb_realref(value.get()), acb_imagref(value.get())}) {
    if (arf_cmpabs_2exp_si(arb_midref(part), kMaxExponent) > 0) return Evaluation::kTooCostly;
  }
  return Evaluation::kOk;
}

}  // namespace

Evaluation BallDomain::FromRational(const Rational& number, Ball* out) {
  if (!SpendSimple() || !budget_->Spend(number.Bits())) return Evaluation::kTooCostly;
  acb_set_fmpq(out->get(), number.get(), precision_);
  return Evaluation::kOk;
}

Evaluation BallDomain::Symbol(const std::string& name, Ball* out) {
  return FromRational(PointValue(name, point_), out);
}

Evaluation BallDomain::Constant(const std::string& name, Ball* out) {
  if (!SpendFunction()) return Evaluation::kTooCostly;
  if (name == "pi") {
    acb_const_pi(out->get(), precision_);
  } else if (name == "e") {
    arb_const_e(acb_realref(out->get()), precision_);
    arb_zero(acb_imagref(out->get()));
  } else if (name == "i") {
    acb_onei(out->get());
  } else {
    return Evaluation::kUndefined;
  }
  return Evaluation::kOk;
}

Evaluation BallDomain::Add(const Ball& a, const Ball& b, Ball* out) {
  if (!SpendSimple()) return Evaluation::kTooCostly;
  acb_add(out->get(), a.get(), b.get(), precision_);
  return Checked(*out);
}

Evaluation BallDomain::Multiply(const Ball& a, const Ball& b, Ball* out) {
  if (!SpendSimple()) return Evaluation::kTooCostly;
  acb_mul(out->get(), a.get(), b.get(), precision_);
  return Checked(*out);
}

Evaluation BallDomain::Negate(const Ball& a, Ball* out) {
  acb_neg(out->get(), a.get());
  return Evaluation::kOk;
}

Evaluation BallDomain::Divide(const Ball& a, const Ball& b, Ball* out) {
  if (!SpendSimple()) return Evaluation::kTooCostly;
  if (acb_is_zero(b.get())) return Evaluation::kUndefined;
  acb_div(out->get(), a.get(), b.get(), precision_);
  return Checked(*out);
}

Evaluation BallDomain::Power(const Node& node, Ball* out) {
  Ball base;
  Evaluation result = Evaluate(node.children[0], *this, &base);
  if (result != Evaluation::kOk) return result;
  if (!SpendFunction()) return Evaluation::kTooCostly;
  Rational exponent;
  if (ExponentOf(node, budget_, &exponent) == Evaluation::kOk &&
      fmpz_bits(exponent.denominator()) < 10 && fmpz_bits(exponent.numerator()) < 60) {
    if (acb_is_zero(base.get())) {
      if (exponent.Sign() <= 0) return Evaluation::kUndefined;
      acb_zero(out->get());
      return Evaluation::kOk;
    }
    const auto index = static_cast<unsigned long>(fmpz_get_si(exponent.denominator()));
    if (index > 1) {
      // The real root of a negative number where there is one, else the principal one.
      const bool negative = base.IsReal() && arb_is_negative(acb_realref(base.get()));
      if (negative && index % 2 == 1) {
        acb_neg(base.get(), base.get());
        acb_root_ui(base.get(), base.get(), index, precision_);
        acb_neg(base.get(), base.get());
      } else {
        acb_root_ui(base.get(), base.get(), index, precision_);
      }
    }
    acb_pow_fmpz(out->get(), base.get(), exponent.numerator(), precision_);
    return Checked(*out);
  }
  if (node.kind == NodeKind::kRoot) return Evaluation::kBeyond;
  Ball power;
  result = Evaluate(node.children[1], *this, &power);
  if (result != Evaluation::kOk) return result;
  if (!SpendFunction()) return Evaluation::kTooCostly;
  if (!HasTameAngle(power)) return Evaluation::kTooCostly;
  if (IsConstant(node.children[0], "e")) {
    acb_exp(out->get(), power.get(), precision_);
  } else {
    acb_pow(out->get(), base.get(), power.get(), precision_);
  }
  return Checked(*out);
}

Evaluation BallDomain::Logarithm(const Ball& value, Ball* out) {
  if (acb_is_zero(value.get())) return Evaluation::kUndefined;
  acb_log(out->get(), value.get(), precision_);
  return Checked(*out);
}

Evaluation BallDomain::OneArgument(const std::string& name, const Ball& value, Ball* out) {
  using Function = void (*)(acb_t, const acb_t, slong);
  static constexpr std::pair<const char*, Function> kFunctions[] = {
      {"sin", acb_sin},     {"cos", acb_cos},    {"tan", acb_tan},   {"cot", acb_cot},
      {"sec", acb_sec},     {"csc", acb_csc},    {"sinh", acb_sinh}, {"cosh", acb_cosh},
      {"tanh", acb_tanh},   {"coth", acb_coth},  {"exp", acb_exp},   {"arcsin", acb_asin},
      {"arccos", acb_acos}, {"arctan", acb_atan}};
  for (const auto& [known, function] : kFunctions) {
    if (name != known) continue;
    // A large argument is reduced by as many bits of π.
    if (!HasTameAngle(value)) return Evaluation::kTooCostly;
    function(out->get(), value.get(), precision_);
    return Checked(*out);
  }
  arb_ptr real = acb_realref(out->get());
  if (name == "abs") {
    acb_abs(real, value.get(), precision_);
  } else if (name == "factorial") {
    if (!value.IsReal()) return Evaluation::kUndefined;
    // Of variables it is Γ(x+1), of constants defined for natural numbers only.
    if (point_ == 0 && !arb_is_nonnegative(acb_realref(value.get()))) return Evaluation::kUndefined;
    arb_add_ui(real, acb_realref(value.get()), 1, precision_);
    arb_gamma(real, real, precision_);
  } else if (name == "floor" || name == "ceil") {
    if (!value.IsReal()) return Evaluation::kBeyond;
    (name == "floor" ? arb_floor : arb_ceil)(real, acb_realref(value.get()), precision_);
  } else {
    return Evaluation::kBeyond;
  }
  arb_zero(acb_imagref(out->get()));
  return Checked(*out);
}

Evaluation BallDomain::Call(const Node& node, Ball* out) {
  std::vector<Ball> values(node.children.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const Evaluation result = Evaluate(node.children[i], *this, &values[i]);
    if (result != Evaluation::kOk) return result;
  }
  if (!SpendFunction()) return Evaluation::kTooCostly;
  const std::string& name = node.text;
  if (name == "ln") return Logarithm(values[0], out);
  if (name == "log") {
    Ball base;
    acb_set_ui(base.get(), 10);
    if (values.size() == 2) base = values[1];
    Evaluation result = Logarithm(base, &base);
    if (result == Evaluation::kOk) result = Logarithm(values[0], out);
    return result == Evaluation::kOk ? Divide(*out, base, out) : result;
  }
  if (name == "max" || name == "min") {
    *out = values[0];
    for (const Ball& value : values) {
      if (!value.IsReal()) return Evaluation::kUndefined;
      (name == "max" ? arb_max : arb_min)(acb_realref(out->get()), acb_realref(out->get()),
                                          acb_realref(value.get()), precision_);
    }
    return Checked(*out);
  }
  if (name == "binom") {
    // n! / (k! (n−k)!)
    Ball difference;
    acb_sub(difference.get(), values[0].get(), values[1].get(), precision_);
    for (Ball* value : {&values[0], &values[1], &difference}) {
      if (!SpendFunction()) return Evaluation::kTooCostly;
      const Evaluation result = OneArgument("factorial", *value, value);
      if (result != Evaluation::kOk) return result;
    }
    Evaluation result = Divide(values[0], values[1], out);
    return result == Evaluation::kOk ? Divide(*out, difference, out) : result;
  }
  if (values.size() != 1) return Evaluation::kBeyond;
  return OneArgument(name, values[0], out);
}

}  // namespace cohort
