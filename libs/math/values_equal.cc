#include "libs/math/values_equal.h"

#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "libs/math/algebraic_domain.h"
#include "libs/math/ball_domain.h"
#include "libs/math/rational_domain.h"

namespace cohort {
namespace {

constexpr uint64_t kExactPoints = 3;
constexpr uint64_t kBallPoints = 24;  // tried
constexpr int kEnoughPoints = 4;      // where both have a value
constexpr std::initializer_list<long> kLowPrecisions = {64, 256};
constexpr std::initializer_list<long> kHighPrecisions = {1024, 4096};

bool AreDisjoint(const Ball& a, const Ball& b) { return acb_overlaps(a.get(), b.get()) == 0; }

// Both at one point. kOk and the values, or why not.
Evaluation EvaluateBoth(const Node& gold, const Node& answer, uint64_t point, long precision,
                        Budget* budget, Ball* gold_value, Ball* answer_value) {
  BallDomain domain(point, precision, budget);
  const Evaluation result = Evaluate(gold, domain, gold_value);
  return result != Evaluation::kOk ? result : Evaluate(answer, domain, answer_value);
}

// Nothing when they are not both rational.
std::optional<Equality> CompareRationals(const Node& gold, const Node& answer, bool variables,
                                         Budget* budget) {
  for (uint64_t point = 1; point <= (variables ? kExactPoints : 1); ++point) {
    RationalDomain domain(point, budget);
    Rational gold_value;
    Rational answer_value;
    Evaluation result = Evaluate(gold, domain, &gold_value);
    if (result == Evaluation::kOk) result = Evaluate(answer, domain, &answer_value);
    if (result == Evaluation::kUndefined && !variables) return Equality::kUndefined;
    if (result != Evaluation::kOk) return {};
    if (!(gold_value == answer_value)) return Equality::kDifferent;
  }
  return Equality::kEqual;
}

bool ProvedEqual(const Node& gold, const Node& answer, Budget* budget) {
  for (uint64_t point = 1; point <= 2; ++point) {
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

Equality CompareConstants(const Node& gold, const Node& answer, Budget* budget) {
  Evaluation result = Evaluation::kOk;
  const auto apart = [&](long precision) {
    Ball gold_value;
    Ball answer_value;
    result = EvaluateBoth(gold, answer, 0, precision, budget, &gold_value, &answer_value);
    return result == Evaluation::kOk && AreDisjoint(gold_value, answer_value);
  };
  for (const long precision : kLowPrecisions) {
    if (apart(precision)) return Equality::kDifferent;
    if (result == Evaluation::kUndefined) return Equality::kUndefined;
  }
  if (ProvedEqual(gold, answer, budget)) return Equality::kEqual;
  for (const long precision : kHighPrecisions) {
    if (apart(precision)) return Equality::kDifferent;
  }
  return budget->empty() || result == Evaluation::kTooCostly ? Equality::kTooCostly
                                                             : Equality::kUndecided;
}

// Functions over the reals: points where a value is not real are outside of the domain, unless the
// expression speaks of i itself.
Equality CompareFunctions(const Node& gold, const Node& answer, bool complex, Budget* budget) {
  std::vector<uint64_t> touching;
  for (uint64_t point = 1;
       point <= kBallPoints && static_cast<int>(touching.size()) < kEnoughPoints; ++point) {
    Ball gold_value;
    Ball answer_value;
    const Evaluation result =
        EvaluateBoth(gold, answer, point, 128, budget, &gold_value, &answer_value);
    if (result == Evaluation::kTooCostly) return Equality::kTooCostly;
    if (result != Evaluation::kOk) continue;
    if (!complex && (!gold_value.IsReal() || !answer_value.IsReal())) continue;
    if (AreDisjoint(gold_value, answer_value)) return Equality::kDifferent;
    touching.push_back(point);
  }
  if (touching.empty()) return Equality::kUndefined;
  if (ProvedEqual(gold, answer, budget)) return Equality::kEqual;
  if (static_cast<int>(touching.size()) < kEnoughPoints) return Equality::kUndecided;
  for (const uint64_t point : touching) {
    Ball gold_value;
    Ball answer_value;
    const Evaluation result =
        EvaluateBoth(gold, answer, point, 1024, budget, &gold_value, &answer_value);
    if (result != Evaluation::kOk) return Equality::kTooCostly;
    if (AreDisjoint(gold_value, answer_value)) return Equality::kDifferent;
  }
  return Equality::kEqual;
}

bool SpeaksOfI(const Node& node) {
  if (IsConstant(node, "i")) return true;
  for (const Node& child : node.children) {
    if (SpeaksOfI(child)) return true;
  }
  return false;
}

std::optional<Ball> RealConstant(const Node& node, long precision, Budget* budget) {
  if (!SymbolsOf(node).empty()) return {};
  BallDomain domain(0, precision, budget);
  Ball value;
  if (Evaluate(node, domain, &value) != Evaluation::kOk || !value.IsReal()) return {};
  return value;
}

}  // namespace

Equality ValuesEqual(const Node& gold, const Node& answer, Budget* budget) {
  if (gold.kind == NodeKind::kNumber && answer.kind == NodeKind::kNumber) {
    return gold.number == answer.number ? Equality::kEqual : Equality::kDifferent;
  }
  if (SameTree(gold, answer)) return Equality::kEqual;
  if (gold.kind == NodeKind::kBased || answer.kind == NodeKind::kBased) return Equality::kDifferent;
  const bool variables = !SymbolsOf(gold).empty() || !SymbolsOf(answer).empty();
  if (const std::optional<Equality> rational = CompareRationals(gold, answer, variables, budget))
    return *rational;
  if (!variables) return CompareConstants(gold, answer, budget);
  return CompareFunctions(gold, answer, SpeaksOfI(gold) || SpeaksOfI(answer), budget);
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
  RationalDomain domain(0, budget);
  Rational left;
  Rational right;
  if (a.kind == NodeKind::kNumber && b.kind == NodeKind::kNumber) return a.number < b.number;
  for (const long precision : kLowPrecisions) {
    const std::optional<Ball> first = RealConstant(a, precision, budget);
    const std::optional<Ball> second = RealConstant(b, precision, budget);
    if (!first || !second) return false;
    if (arb_lt(acb_realref(first->get()), acb_realref(second->get()))) return true;
    if (arb_gt(acb_realref(first->get()), acb_realref(second->get()))) return false;
  }
  return false;
}

Equality Proportional(const Node& a, const Node& b, bool positive, Budget* budget) {
  // Exactly, by the ratio at several points.
  std::optional<Rational> ratio;
  int agreeing = 0;
  bool exact = true;
  for (uint64_t point = 1;
       point <= 2 * kExactPoints && exact && agreeing <= static_cast<int>(kExactPoints); ++point) {
    RationalDomain domain(point, budget);
    Rational left;
    Rational right;
    exact = Evaluate(a, domain, &left) == Evaluation::kOk &&
            Evaluate(b, domain, &right) == Evaluation::kOk;
    if (!exact) break;
    if (left.IsZero() || right.IsZero()) return Equality::kDifferent;
    const Rational here = left / right;
    if (ratio && !(*ratio == here)) return Equality::kDifferent;
    ratio = here;
    ++agreeing;
  }
  if (exact && ratio)
    return !positive || ratio->Sign() > 0 ? Equality::kEqual : Equality::kDifferent;
  // With balls, by cross multiplication: a(p) b(q) = a(q) b(p).
  int usable = 0;
  std::optional<std::pair<Ball, Ball>> first;
  for (uint64_t point = 1; point <= kBallPoints && usable < kEnoughPoints; ++point) {
    Ball left;
    Ball right;
    const Evaluation result = EvaluateBoth(a, b, point, 256, budget, &left, &right);
    if (result == Evaluation::kTooCostly) return Equality::kTooCostly;
    if (result != Evaluation::kOk) continue;
    if (acb_contains_zero(left.get()) || acb_contains_zero(right.get()))
      return Equality::kDifferent;
    if (positive) {
      Ball quotient;
      acb_div(quotient.get(), left.get(), right.get(), 256);
      if (!arb_is_positive(acb_realref(quotient.get()))) return Equality::kDifferent;
    }
    ++usable;
    if (!first) {
      first.emplace(std::move(left), std::move(right));
      continue;
    }
    Ball one;
    Ball other;
    acb_mul(one.get(), first->first.get(), right.get(), 256);
    acb_mul(other.get(), left.get(), first->second.get(), 256);
    if (AreDisjoint(one, other)) return Equality::kDifferent;
  }
  return usable == kEnoughPoints ? Equality::kEqual : Equality::kUndecided;
}

bool IsUndefined(const Node& node, Budget* budget) {
  const uint64_t points = SymbolsOf(node).empty() ? 1 : kExactPoints;
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
