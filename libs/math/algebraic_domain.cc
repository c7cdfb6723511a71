#include "libs/math/algebraic_domain.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "libs/math/ball_domain.h"
#include "libs/math/factors.h"
#include "libs/math/points.h"
#include "libs/math/rational_domain.h"

namespace cohort {
namespace {

constexpr long kMaxDegree = 24;     // of a result, estimated as the product of the operands'
constexpr long kMaxHeight = 3'000;  // bits; of numbers of degree 4 or less
constexpr long kMaxHighHeight = 400;
constexpr long kMaxRoot = 12;
constexpr unsigned long kMaxTurn = 60;  // denominator of the multiple of π of an angle

// p/q as machine numbers, for angles.
bool AsSmallFraction(const Rational& value, slong* p, ulong* q) {
  if (fmpz_cmp_ui(value.denominator(), kMaxTurn) > 0 || fmpz_bits(value.numerator()) > 40)
    return false;
  *p = fmpz_get_si(value.numerator());
  *q = fmpz_get_ui(value.denominator());
  return true;
}

// e^{ln a}, b^{log_b a}, 10^{log a}: a itself, which the balls have found to be defined.
bool UndoesLogarithm(const Node& power) {
  const Node& base = power.children[0];
  const Node& call = power.children[1];
  if (call.kind != NodeKind::kCall) return false;
  if (call.text == "ln") return IsConstant(base, "e");
  if (call.text != "log") return false;
  if (call.children.size() == 2) return SameTree(base, call.children[1]);
  return base.kind == NodeKind::kNumber && base.number == Rational(10);
}

bool MentionsI(const Node& node) {
  return IsConstant(node, "i") ||
         std::any_of(node.children.begin(), node.children.end(), MentionsI);
}

// Whether a multiple of π may come out: cheaper than to compute it.
bool MentionsPi(const Node& node) {
  return IsConstant(node, "pi") || node.kind == NodeKind::kDegrees ||
         (node.kind == NodeKind::kCall && node.text.substr(0, 3) == "arc") ||
         std::any_of(node.children.begin(), node.children.end(), MentionsPi);
}

}  // namespace

// Measured: a sum of two numbers whose degrees multiply to 4, 9, 16, 24 takes about .03, .3, 1, 4
// ms.
bool AlgebraicDomain::SpendDegree(long degree, long bits) {
  if (degree > kMaxDegree || bits > (degree > 4 ? kMaxHighHeight : kMaxHeight)) return false;
  return budget_->Spend(2'000 + 300 * degree * degree * degree + 20 * degree * bits);
}

bool AlgebraicDomain::Affordable(const Algebraic& a, const Algebraic& b) {
  return SpendDegree(qqbar_degree(a.get()) * qqbar_degree(b.get()),
                     qqbar_height_bits(a.get()) + qqbar_height_bits(b.get()));
}

Evaluation AlgebraicDomain::FromRational(const Rational& number, Algebraic* out) {
  if (!SpendDegree(1, number.Bits())) return Evaluation::kTooCostly;
  qqbar_set_fmpq(out->get(), number.get());
  return Evaluation::kOk;
}

Evaluation AlgebraicDomain::Named(std::string_view name, Algebraic* out) {
  used_points_ = true;
  return FromRational(StandInValue(name, point_), out);
}

Evaluation AlgebraicDomain::Unknown(std::string_view function, const Algebraic& argument,
                                    Algebraic* out) {
  // By its polynomial and which of its roots it is: conjugates are different arguments.
  std::string name(function);
  for (slong i = 0; i <= qqbar_degree(argument.get()); ++i) {
    name += ' ' + Digits(QQBAR_COEFFS(argument.get()) + i);
  }
  if (!argument.IsRational()) {
    Ball root;
    qqbar_get_acb(root.get(), argument.get(), 128);
    for (const arb_struct* part : {acb_realref(root.get()), acb_imagref(root.get())}) {
      name += ' ' + std::to_string(std::llround(arf_get_d(arb_midref(part), ARF_RND_NEAR) * 1e6));
    }
  }
  return Named(name, out);
}

Evaluation AlgebraicDomain::Symbol(const std::string& name, Algebraic* out) {
  used_points_ = true;
  return FromRational(PointValue(name, point_), out);
}

Evaluation AlgebraicDomain::Constant(const std::string& name, Algebraic* out) {
  if (name == "i") {
    qqbar_i(out->get());
    return Evaluation::kOk;
  }
  if (name == "infinity") return Evaluation::kUndefined;
  used_points_ = true;
  return FromRational(StandInValue(name, name == "pi" ? point_ + pi_point_ : point_), out);
}

Evaluation AlgebraicDomain::Add(const Algebraic& a, const Algebraic& b, Algebraic* out) {
  if (!Affordable(a, b)) return Evaluation::kTooCostly;
  qqbar_add(out->get(), a.get(), b.get());
  return Evaluation::kOk;
}

Evaluation AlgebraicDomain::Multiply(const Algebraic& a, const Algebraic& b, Algebraic* out) {
  if (!Affordable(a, b)) return Evaluation::kTooCostly;
  qqbar_mul(out->get(), a.get(), b.get());
  return Evaluation::kOk;
}

Evaluation AlgebraicDomain::Negate(const Algebraic& a, Algebraic* out) {
  qqbar_neg(out->get(), a.get());
  return Evaluation::kOk;
}

Evaluation AlgebraicDomain::Divide(const Algebraic& a, const Algebraic& b, Algebraic* out) {
  if (b.IsZero()) return Evaluation::kUndefined;
  if (!Affordable(a, b)) return Evaluation::kTooCostly;
  qqbar_div(out->get(), a.get(), b.get());
  return Evaluation::kOk;
}

Evaluation AlgebraicDomain::RaiseTo(const Algebraic& base, const Rational& exponent,
                                    Algebraic* out) {
  if (base.IsZero()) {
    if (exponent.Sign() <= 0) return Evaluation::kUndefined;
    return FromRational(Rational(0), out);
  }
  if (fmpz_cmp_si(exponent.denominator(), kMaxRoot) > 0 || fmpz_bits(exponent.numerator()) > 10)
    return Evaluation::kTooCostly;
  const auto index = fmpz_get_ui(exponent.denominator());
  const long power = fmpz_get_si(exponent.numerator());
  const long size = power < 0 ? -power : power;
  const long degree = qqbar_degree(base.get());
  if (!SpendDegree(degree * static_cast<long>(index), qqbar_height_bits(base.get()) * size))
    return Evaluation::kTooCostly;
  Algebraic root = base;
  if (index > 1) {
    const bool real_root = index % 2 == 1 && base.IsReal() && qqbar_sgn_re(base.get()) < 0;
    if (real_root) qqbar_neg(root.get(), root.get());
    qqbar_root_ui(root.get(), root.get(), index);
    if (real_root) qqbar_neg(root.get(), root.get());
  }
  qqbar_pow_si(out->get(), root.get(), power);
  return Evaluation::kOk;
}

Evaluation AlgebraicDomain::Power(const Node& node, Algebraic* out) {
  if (node.kind == NodeKind::kPower && UndoesLogarithm(node)) {
    return Evaluate(node.children[1].children[0], *this, out);
  }
  if (node.kind == NodeKind::kPower && IsConstant(node.children[0], "e"))
    return Exponential(node.children[1], out);
  const Node& inner = node.children[0];
  if (node.kind == NodeKind::kPower && inner.kind == NodeKind::kPower &&
      IsConstant(inner.children[0], "e") && !MentionsI(inner.children[1])) {
    // (e^a)^b = e^{ab} for a real a.
    return Exponential(MakeNodeOf(NodeKind::kMultiply, inner.children[1], node.children[1]), out);
  }
  Algebraic base;
  Evaluation result = Evaluate(node.children[0], *this, &base);
  if (result != Evaluation::kOk) return result;
  Algebraic exponent;
  result = Evaluate(node.children[1], *this, &exponent);
  if (result != Evaluation::kOk) return result;
  if (node.kind == NodeKind::kRoot) {
    if (exponent.IsZero()) return Evaluation::kUndefined;
    qqbar_inv(exponent.get(), exponent.get());
  }
  const bool named = Contains(node.children[1], NodeKind::kConstant) ||
                     Contains(node.children[1], NodeKind::kCall);
  if (exponent.IsRational() && !named) return RaiseTo(base, exponent.AsRational(), out);
  Algebraic key;
  result = Unknown("base", base, &key);
  if (result == Evaluation::kOk) result = Unknown("exponent", exponent, out);
  return result == Evaluation::kOk ? Multiply(key, *out, out) : result;
}

bool AlgebraicDomain::IsMultipleOfPi(const Node& node, bool imaginary, Rational* multiple) {
  const bool used = used_points_;
  const uint64_t outer = pi_point_;
  Rational multiples[2];
  bool found = true;
  for (const uint64_t at : {0, 1}) {
    pi_point_ = 1000 + at;
    Algebraic value;
    Algebraic pi;
    found = found && Evaluate(node, *this, &value) == Evaluation::kOk &&
            Constant("pi", &pi) == Evaluation::kOk;
    if (found && imaginary) {
      Algebraic i;
      qqbar_i(i.get());
      found = Divide(value, i, &value) == Evaluation::kOk;
    }
    found = found && value.IsRational();
    if (found) multiples[at] = value.AsRational() / pi.AsRational();
  }
  pi_point_ = outer;
  used_points_ = used;
  if (!found || !(multiples[0] == multiples[1])) return false;
  *multiple = multiples[0];
  return true;
}

Evaluation AlgebraicDomain::Exponential(const Node& exponent, Algebraic* out) {
  Rational multiple;
  slong p = 0;
  ulong q = 1;
  if (MentionsPi(exponent) && IsMultipleOfPi(exponent, /*imaginary=*/true, &multiple) &&
      AsSmallFraction(multiple, &p, &q)) {
    if (!SpendDegree(static_cast<long>(q), 1)) return Evaluation::kTooCostly;
    qqbar_exp_pi_i(out->get(), p, q);
    return Evaluation::kOk;
  }
  Algebraic value;
  const Evaluation result = Evaluate(exponent, *this, &value);
  if (result != Evaluation::kOk) return result;
  if (!value.IsRational()) return Unknown("exp", value, out);
  Algebraic e;
  const Evaluation named = Constant("e", &e);
  if (named != Evaluation::kOk) return named;
  // What is too large to be computed stands for itself.
  const Evaluation raised = RaiseTo(e, value.AsRational(), out);
  return raised == Evaluation::kTooCostly && !budget_->empty() ? Unknown("exp", value, out)
                                                               : raised;
}

Evaluation AlgebraicDomain::Trigonometric(const std::string& name, const Node& angle,
                                          Algebraic* out) {
  Rational multiple;
  slong p = 0;
  ulong q = 1;
  if (!MentionsPi(angle) || !IsMultipleOfPi(angle, /*imaginary=*/false, &multiple) ||
      !AsSmallFraction(multiple, &p, &q)) {
    Algebraic value;
    const Evaluation result = Evaluate(angle, *this, &value);
    if (result != Evaluation::kOk) return result;
    if (!value.IsZero()) return Unknown(name, value, out);
  }
  if (!SpendDegree(std::min(static_cast<long>(q), kMaxDegree), 1)) return Evaluation::kTooCostly;
  if (name == "sin") return qqbar_sin_pi(out->get(), p, q), Evaluation::kOk;
  if (name == "cos") return qqbar_cos_pi(out->get(), p, q), Evaluation::kOk;
  bool defined = false;
  if (name == "tan") defined = qqbar_tan_pi(out->get(), p, q) != 0;
  if (name == "cot") defined = qqbar_cot_pi(out->get(), p, q) != 0;
  if (name == "sec") defined = qqbar_sec_pi(out->get(), p, q) != 0;
  if (name == "csc") defined = qqbar_csc_pi(out->get(), p, q) != 0;
  return defined ? Evaluation::kOk : Evaluation::kUndefined;
}

Evaluation AlgebraicDomain::Inverse(const std::string& name, const Algebraic& value,
                                    Algebraic* out) {
  slong p = 0;
  ulong q = 1;
  const bool found = name == "arcsin"   ? qqbar_asin_pi(&p, &q, value.get()) != 0
                     : name == "arccos" ? qqbar_acos_pi(&p, &q, value.get()) != 0
                                        : qqbar_atan_pi(&p, &q, value.get()) != 0;
  if (!found) return Unknown(name, value, out);
  Algebraic pi;
  Algebraic multiple;
  Evaluation result = Constant("pi", &pi);
  if (result == Evaluation::kOk) result = FromRational(Rational(p, q), &multiple);
  return result == Evaluation::kOk ? Multiply(pi, multiple, out) : result;
}

// The logarithm of a positive rational is a sum over its primes.
Evaluation AlgebraicDomain::LogarithmOf(const Algebraic& value, Algebraic* out) {
  if (value.IsZero()) return Evaluation::kUndefined;
  const Rational rational = value.IsRational() ? value.AsRational() : Rational(0);
  if (rational.Sign() <= 0 || rational.Bits() > 120) return Unknown("ln", value, out);
  if (!budget_->Spend(50'000)) return Evaluation::kTooCostly;
  Evaluation result = FromRational(Rational(0), out);
  for (const int sign : {1, -1}) {
    for (const Factor& factor :
         FactorsOf(sign > 0 ? rational.numerator() : rational.denominator())) {
      if (result != Evaluation::kOk) break;
      Algebraic prime;
      Algebraic times;
      result = Named("ln " + factor.name, &prime);
      if (result == Evaluation::kOk) result = FromRational(Rational(sign * factor.power), &times);
      if (result == Evaluation::kOk) result = Multiply(prime, times, &prime);
      if (result == Evaluation::kOk) result = Add(*out, prime, out);
    }
  }
  return result;
}

Evaluation AlgebraicDomain::Logarithm(const Node& argument, Algebraic* out) {
  if (IsConstant(argument, "e")) return FromRational(Rational(1), out);
  if (argument.kind == NodeKind::kPower || argument.kind == NodeKind::kRoot) {
    // ln(a^b) = b ln a for a positive a: e and positive rationals.
    Rational base;
    RationalDomain rationals(point_, budget_);
    const bool known =
        IsConstant(argument.children[0], "e") ||
        (SymbolsOf(argument.children[0]).empty() &&
         Evaluate(argument.children[0], rationals, &base) == Evaluation::kOk && base.Sign() > 0);
    if (known) {
      Algebraic exponent;
      Evaluation result = Evaluate(argument.children[1], *this, &exponent);
      if (result == Evaluation::kOk && argument.kind == NodeKind::kRoot) {
        if (exponent.IsZero()) return Evaluation::kUndefined;
        qqbar_inv(exponent.get(), exponent.get());
      }
      if (result == Evaluation::kOk) result = Logarithm(argument.children[0], out);
      return result == Evaluation::kOk ? Multiply(exponent, *out, out) : result;
    }
  }
  Algebraic value;
  const Evaluation result = Evaluate(argument, *this, &value);
  return result == Evaluation::kOk ? LogarithmOf(value, out) : result;
}

// |a|, ⌊a⌋, max(a, b) depend on true values, not on those that π and others stand for.
bool AlgebraicDomain::ByTrueValue(const Node& node, Algebraic* out) {
  const std::string& name = node.text;
  const bool extreme = name == "max" || name == "min";
  if (!extreme && name != "abs" && name != "floor" && name != "ceil") return false;
  BallDomain balls(/*point=*/0, /*precision=*/256, budget_);
  std::vector<Ball> values(node.children.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (Evaluate(node.children[i], balls, &values[i]) != Evaluation::kOk || !values[i].IsReal())
      return false;
  }
  const auto real = [&values](size_t i) { return acb_realref(values[i].get()); };
  if (name == "abs") {
    const bool positive = arb_is_positive(real(0));
    if (!positive && !arb_is_negative(real(0))) return false;
    if (Evaluate(node.children[0], *this, out) != Evaluation::kOk) return false;
    return positive || Negate(*out, out) == Evaluation::kOk;
  }
  if (!extreme) {
    (name == "floor" ? arb_floor : arb_ceil)(real(0), real(0), 256);
    Rational whole;
    return arb_get_unique_fmpz(whole.numerator(), real(0)) != 0 &&
           FromRational(whole, out) == Evaluation::kOk;
  }
  size_t best = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    const bool above = arb_gt(real(i), real(best)) != 0;
    if (!above && arb_lt(real(i), real(best)) == 0) return false;
    if (above == (name == "max")) best = i;
  }
  return Evaluate(node.children[best], *this, out) == Evaluation::kOk;
}

Evaluation AlgebraicDomain::Call(const Node& node, Algebraic* out) {
  const std::string& name = node.text;
  if (name == "ln") return Logarithm(node.children[0], out);
  if (name == "exp") return Exponential(node.children[0], out);
  if (name == "log") {
    Algebraic base;
    Evaluation result = node.children.size() == 2 ? Logarithm(node.children[1], &base)
                                                  : Logarithm(NumberNode(Rational(10)), &base);
    if (result == Evaluation::kOk) result = Logarithm(node.children[0], out);
    return result == Evaluation::kOk ? Divide(*out, base, out) : result;
  }
  if (SymbolsOf(node).empty() && ByTrueValue(node, out)) return Evaluation::kOk;
  for (const std::string_view known : {"sin", "cos", "tan", "cot", "sec", "csc"}) {
    if (name == known) return Trigonometric(name, node.children[0], out);
  }
  std::vector<Algebraic> values(node.children.size());
  bool rational = true;
  for (size_t i = 0; i < values.size(); ++i) {
    const Evaluation result = Evaluate(node.children[i], *this, &values[i]);
    if (result != Evaluation::kOk) return result;
    rational = rational && values[i].IsRational();
  }
  if (name == "arcsin" || name == "arccos" || name == "arctan")
    return Inverse(name, values[0], out);
  if (name == "abs" && values[0].IsReal()) {
    qqbar_abs(out->get(), values[0].get());
    return Evaluation::kOk;
  }
  if (rational) {
    Node plain = MakeNode(NodeKind::kCall, {}, name);
    for (const Algebraic& value : values) plain.children.push_back(NumberNode(value.AsRational()));
    RationalDomain rationals(point_, budget_);
    Rational exact;
    const Evaluation result = Evaluate(plain, rationals, &exact);
    if (result == Evaluation::kOk) return FromRational(exact, out);
    if (result == Evaluation::kUndefined && !used_points_) return result;
  }
  if (values.size() == 1) return Unknown(name, values[0], out);
  return Evaluation::kBeyond;
}

}  // namespace cohort
