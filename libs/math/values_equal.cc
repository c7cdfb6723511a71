#include "libs/math/values_equal.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "libs/math/algebraic_domain.h"
#include "libs/math/ball_domain.h"
#include "libs/math/points.h"
#include "libs/math/precision.h"
#include "libs/math/rational_domain.h"

namespace cohort {
namespace {

constexpr uint64_t kTriedPoints = 160;
constexpr size_t kTellingPoints = 4;  // of two equations that are compared
constexpr std::initializer_list<long> kPrecisions = {64, 256, 1024, 4096};
constexpr long kFirstPrecision = 128;  // of functions
constexpr long kMostPrecision = 4096;
constexpr long kNarrowBits = 60;  // a ball known to so many bits, or that small, says something

// Points where both have a value that must agree: few for what is one expression everywhere.
size_t EnoughPoints(bool smooth) { return smooth ? 4 : 20; }

bool AreDisjoint(const Ball& a, const Ball& b) { return acb_overlaps(a.get(), b.get()) == 0; }

bool IsNarrow(const Ball& ball, long bits = kNarrowBits) {
  const auto below = [bits](const arb_struct* part) {
    return mag_cmp_2exp_si(arb_radref(part), -bits) < 0;
  };
  return acb_rel_accuracy_bits(ball.get()) >= bits ||
         (below(acb_realref(ball.get())) && below(acb_imagref(ball.get())));
}

// Both at one point. kOk and the values, or why not.
Evaluation EvaluateBoth(const Node& gold, const Node& answer, uint64_t point, long precision,
                        Budget* budget, Ball* gold_value, Ball* answer_value) {
  BallDomain domain(point, precision, budget);
  const Evaluation result = Evaluate(gold, domain, gold_value);
  return result != Evaluation::kOk ? result : Evaluate(answer, domain, answer_value);
}

Equality CompareRationalConstants(const Node& gold, const Node& answer, Budget* budget,
                                  bool* known) {
  RationalDomain domain(0, budget);
  Rational gold_value;
  Rational answer_value;
  Evaluation result = Evaluate(gold, domain, &gold_value);
  if (result == Evaluation::kOk) result = Evaluate(answer, domain, &answer_value);
  *known = result == Evaluation::kOk || result == Evaluation::kUndefined;
  if (result != Evaluation::kOk) return Equality::kUndefined;
  return gold_value == answer_value ? Equality::kEqual : Equality::kDifferent;
}

// Exactly, at points where both are rational; not known where one of them never is.
Equality CompareRationalFunctions(const Node& gold, const Node& answer, bool smooth, Budget* budget,
                                  bool* known) {
  const bool rounded = IsRounded(gold) || IsRounded(answer);
  size_t agreeing = 0;
  for (uint64_t count = 1; count <= kTriedPoints && agreeing < EnoughPoints(smooth); ++count) {
    const bool at_integer = rounded && count % 3 == 0;
    RationalDomain domain(
        at_integer ? IntegerPoint(budget->seed(), count) : FractionPoint(budget->seed(), count),
        budget);
    Rational gold_value;
    Rational answer_value;
    Evaluation result = Evaluate(gold, domain, &gold_value);
    if (result == Evaluation::kOk) result = Evaluate(answer, domain, &answer_value);
    if (result == Evaluation::kUndefined) continue;
    *known = result == Evaluation::kOk;
    if (!*known) return Equality::kUndecided;
    if (!(gold_value == answer_value)) return Equality::kDifferent;
    ++agreeing;
  }
  *known = agreeing >= EnoughPoints(smooth);
  return *known ? Equality::kEqual : Equality::kUndecided;
}

bool ProvedEqualAt(const Node& gold, const Node& answer, std::initializer_list<uint64_t> points,
                   Budget* budget) {
  for (const uint64_t point : points) {
    AlgebraicDomain domain(point, budget);
    Algebraic gold_value;
    Algebraic answer_value;
    if (Evaluate(gold, domain, &gold_value) != Evaluation::kOk) return false;
    if (Evaluate(answer, domain, &answer_value) != Evaluation::kOk) return false;
    if (!(gold_value == answer_value)) return false;
    if (!domain.used_points()) return true;
  }
  return true;
}

// By algebra, of values that balls have found close together. At integers too: there 2^n is
// 2·2^(n−1).
bool ProvedEqual(const Node& gold, const Node& answer, Budget* budget) {
  const uint64_t seed = budget->seed();
  if (ProvedEqualAt(gold, answer, {FractionPoint(seed, 1), FractionPoint(seed, 2)}, budget))
    return true;
  if (SymbolsOf(gold).empty() && SymbolsOf(answer).empty()) return false;
  if (IsTrigonometric(gold) || IsTrigonometric(answer)) return false;
  return ProvedEqualAt(gold, answer,
                       {SmallIntegerPoint(seed, 1), SmallIntegerPoint(seed, 2),
                        SmallIntegerPoint(seed, 3), SmallIntegerPoint(seed, 4)},
                       budget);
}

Equality CompareConstants(const Node& gold, const Node& answer, Budget* budget) {
  bool proof_tried = false;
  for (const long precision : kPrecisions) {
    Ball gold_value;
    Ball answer_value;
    const Evaluation result =
        EvaluateBoth(gold, answer, 0, precision, budget, &gold_value, &answer_value);
    if (result == Evaluation::kUndefined) return Equality::kUndefined;
    if (result == Evaluation::kTooCostly) return Equality::kTooCostly;
    if (result != Evaluation::kOk) continue;
    if (AreDisjoint(gold_value, answer_value)) return Equality::kDifferent;
    if (proof_tried || !IsNarrow(gold_value) || !IsNarrow(answer_value)) continue;
    proof_tried = true;
    if (ProvedEqual(gold, answer, budget)) return Equality::kEqual;
  }
  return budget->empty() ? Equality::kTooCostly : Equality::kUndecided;
}

struct FunctionCheck {
  const Node& gold;
  const Node& answer;
  bool complex;  // they speak of i: values that are not real count
  Budget* budget;

  bool GoldIsReal(uint64_t point) const {
    BallDomain domain(point, kFirstPrecision, budget);
    Ball value;
    return Evaluate(gold, domain, &value) == Evaluation::kOk && (complex || value.IsReal());
  }

  enum class Found { kApart, kTogether, kNothing };
  // At one point, with balls narrow enough to say something.
  Found At(uint64_t point, long precision_now, long narrow) const {
    Ball gold_value;
    Ball answer_value;
    const Evaluation result =
        EvaluateBoth(gold, answer, point, precision_now, budget, &gold_value, &answer_value);
    if (result != Evaluation::kOk) return Found::kNothing;
    if (!complex && (!gold_value.IsReal() || !answer_value.IsReal())) return Found::kNothing;
    if (AreDisjoint(gold_value, answer_value)) return Found::kApart;
    return IsNarrow(gold_value, narrow) && IsNarrow(answer_value, narrow) ? Found::kTogether
                                                                          : Found::kNothing;
  }
};

// Functions over the reals: points where a value is not real are outside of the domain. Balls that
// touch at every point count as equality only where nothing can hide below their precision.
Equality CompareFunctions(const Node& gold, const Node& answer, bool smooth, Budget* budget) {
  const auto speaks_of_i = [](const Node& node, const auto& self) -> bool {
    return IsConstant(node, "i") ||
           std::any_of(node.children.begin(), node.children.end(),
                       [&self](const Node& child) { return self(child, self); });
  };
  const long wanted = 256 + 4 * (LiteralBits(gold) + LiteralBits(answer));
  const bool complex = speaks_of_i(gold, speaks_of_i) || speaks_of_i(answer, speaks_of_i);
  const FunctionCheck check{gold, answer, complex, budget};
  std::vector<uint64_t> together;
  size_t between_integers = 0;       // points where both have a value
  size_t gold_between_integers = 0;  // … where the gold has one
  for (uint64_t count = 1; count <= kTriedPoints && together.size() < EnoughPoints(smooth);
       ++count) {
    const uint64_t point =
        count % 3 == 0 ? IntegerPoint(budget->seed(), count) : FractionPoint(budget->seed(), count);
    const FunctionCheck::Found found = check.At(point, kFirstPrecision, kNarrowBits);
    if (found == FunctionCheck::Found::kApart) return Equality::kDifferent;
    if (found == FunctionCheck::Found::kTogether) together.push_back(point);
    if (found == FunctionCheck::Found::kTogether && count % 3 != 0) ++between_integers;
    if (count % 3 != 0) gold_between_integers += check.GoldIsReal(point) ? 1 : 0;
    if (budget->empty()) return Equality::kTooCostly;
  }
  if (together.empty()) return Equality::kUndefined;
  if (together.size() < std::min<size_t>(EnoughPoints(smooth), 4)) return Equality::kUndecided;
  // An answer that has values at integers only says little of a gold that has them everywhere.
  if (between_integers == 0 && gold_between_integers > 0) return Equality::kUndecided;
  if (ProvedEqual(gold, answer, budget)) return Equality::kEqual;
  if (HasGrowth(gold) || HasGrowth(answer) || wanted > kMostPrecision) return Equality::kUndecided;
  together.resize(4);
  for (const uint64_t point : together) {
    const FunctionCheck::Found found = check.At(point, wanted + 64, wanted - 64);
    if (found == FunctionCheck::Found::kApart) return Equality::kDifferent;
    if (found == FunctionCheck::Found::kNothing)
      return budget->empty() ? Equality::kTooCostly : Equality::kUndecided;
  }
  return Equality::kEqual;
}

std::optional<Ball> RealConstant(const Node& node, long precision, Budget* budget) {
  if (!SymbolsOf(node).empty()) return {};
  BallDomain domain(0, precision, budget);
  Ball value;
  if (Evaluate(node, domain, &value) != Evaluation::kOk || !value.IsReal()) return {};
  return value;
}

// The same expression of other variables.
Node Renamed(const Node& node) {
  Node copy = node;
  if (copy.kind == NodeKind::kSymbol) copy.text += '\'';
  for (Node& child : copy.children) child = Renamed(child);
  return copy;
}

// Whether a/b is above 0, at some point where both have a value.
bool HasPositiveRatio(const Node& a, const Node& b, Budget* budget) {
  for (uint64_t count = 1; count <= kTriedPoints; ++count) {
    Ball left;
    Ball right;
    if (EvaluateBoth(a, b, FractionPoint(budget->seed(), count), 256, budget, &left, &right) !=
        Evaluation::kOk)
      continue;
    Ball quotient;
    acb_div(quotient.get(), left.get(), right.get(), 256);
    if (arb_is_positive(acb_realref(quotient.get()))) return true;
    if (arb_is_negative(acb_realref(quotient.get()))) return false;
  }
  return false;
}

}  // namespace

Equality ValuesEqual(const Node& gold, const Node& answer, Budget* budget) {
  if (gold.kind == NodeKind::kNumber && answer.kind == NodeKind::kNumber) {
    return gold.number == answer.number ? Equality::kEqual : Equality::kDifferent;
  }
  if (SameTree(gold, answer)) return Equality::kEqual;
  if (gold.kind == NodeKind::kBased || answer.kind == NodeKind::kBased) return Equality::kDifferent;
  const bool variables = !SymbolsOf(gold).empty() || !SymbolsOf(answer).empty();
  const bool smooth = IsSmooth(gold) && IsSmooth(answer);
  bool known = false;
  const Equality rational = variables
                                ? CompareRationalFunctions(gold, answer, smooth, budget, &known)
                                : CompareRationalConstants(gold, answer, budget, &known);
  if (known) return rational;
  return variables ? CompareFunctions(gold, answer, smooth, budget)
                   : CompareConstants(gold, answer, budget);
}

bool RoundsTo(const Node& decimal, const Node& answer, Budget* budget) {
  const Rational half = PowerOfTen(-decimal.decimals) * Rational(1, 2);
  const Rational low = decimal.number - half;
  const Rational high = decimal.number + half;
  RationalDomain domain(0, budget);
  Rational exact;
  if (!SymbolsOf(answer).empty()) return false;
  if (Evaluate(answer, domain, &exact) == Evaluation::kOk) return low <= exact && exact <= high;
  return CertainlyLess(NumberNode(low), answer, budget) &&
         CertainlyLess(answer, NumberNode(high), budget);
}

bool CertainlyLess(const Node& a, const Node& b, Budget* budget) {
  if (a.kind == NodeKind::kNumber && b.kind == NodeKind::kNumber) return a.number < b.number;
  for (const long precision : {64L, 256L}) {
    const std::optional<Ball> first = RealConstant(a, precision, budget);
    const std::optional<Ball> second = RealConstant(b, precision, budget);
    if (!first || !second) return false;
    if (arb_lt(acb_realref(first->get()), acb_realref(second->get()))) return true;
    if (arb_gt(acb_realref(first->get()), acb_realref(second->get()))) return false;
  }
  return false;
}

Equality Proportional(const Node& a, const Node& b, bool positive, Budget* budget) {
  // a(p) b(q) = a(q) b(p) for all p and q, of which enough are such that none of the four is 0.
  const Node other_a = Renamed(a);
  const Node other_b = Renamed(b);
  const Node all = MakeNode(NodeKind::kMultiply, {a, b, other_a, other_b});
  size_t telling = 0;
  for (uint64_t count = 1; count <= kTriedPoints && telling < kTellingPoints; ++count) {
    BallDomain domain(FractionPoint(budget->seed(), count), 256, budget);
    Ball product;
    if (Evaluate(all, domain, &product) == Evaluation::kOk && product.IsReal() &&
        !acb_contains_zero(product.get())) {
      ++telling;
    }
  }
  if (telling < kTellingPoints)
    return budget->empty() ? Equality::kTooCostly : Equality::kUndecided;
  const Equality same = ValuesEqual(MakeNodeOf(NodeKind::kMultiply, a, other_b),
                                    MakeNodeOf(NodeKind::kMultiply, other_a, b), budget);
  if (same != Equality::kEqual || !positive) return same;
  return HasPositiveRatio(a, b, budget) ? Equality::kEqual : Equality::kDifferent;
}

bool IsUndefined(const Node& node, Budget* budget) {
  const bool variables = !SymbolsOf(node).empty();
  if (variables && Contains(node, NodeKind::kCall)) return false;  // defined at other points only
  const uint64_t points = variables ? 3 : 1;
  for (uint64_t point = 1; point <= points; ++point) {
    RationalDomain exact(point, budget);
    Rational rational;
    Evaluation result = Evaluate(node, exact, &rational);
    if (result == Evaluation::kBeyond) {
      BallDomain balls(point, 128, budget);
      Ball ball;
      result = Evaluate(node, balls, &ball);
    }
    if (result != Evaluation::kUndefined) return false;
  }
  return true;
}

}  // namespace cohort
