#include "libs/math/quantities.h"

#include <algorithm>
#include <utility>

namespace cohort {
namespace {

constexpr int kRoundedDigits = 3;  // a gold with so many significant digits is taken as rounded

// The decimal under a minus, with its sign; null when it is none or not long enough to be rounded.
bool IsRoundedDecimal(const Node& node, Node* decimal) {
  if (node.kind == NodeKind::kNegate && IsRoundedDecimal(node.children[0], decimal)) {
    decimal->number = Rational(0) - decimal->number;
    return true;
  }
  if (node.kind != NodeKind::kNumber || node.decimals == 0 || node.significant < kRoundedDigits)
    return false;
  *decimal = node;
  return true;
}

Equality PlainValuesEqual(const Node& gold, const Node& answer, Budget* budget) {
  const int gold_infinity = InfinitySign(gold);
  const int answer_infinity = InfinitySign(answer);
  if (gold_infinity != 0 || answer_infinity != 0) {
    return gold_infinity == answer_infinity ? Equality::kEqual : Equality::kDifferent;
  }
  if (gold.kind == NodeKind::kBased) {
    if (answer.kind == NodeKind::kNumber) {
      return answer.text == gold.text ? Equality::kEqual : Equality::kDifferent;
    }
    return SameTree(gold, answer) ? Equality::kEqual : Equality::kDifferent;
  }
  Node decimal;
  if (IsRoundedDecimal(gold, &decimal) && RoundsTo(decimal, answer, budget))
    return Equality::kEqual;
  return ValuesEqual(gold, answer, budget);
}

Node Scaled(const Node& value, Node factor) {
  return MakeNodeOf(NodeKind::kMultiply, value, std::move(factor));
}

Node Hundredth(const Node& value) { return Scaled(value, NumberNode(Rational(1, 100))); }

Equality Either(Equality first, Equality second) {
  return first == Equality::kEqual ? first : second;
}

// From −1 to 1, or not known: no number of per cent, which the question asked for, but a part of
// one.
bool IsShare(const Node& value, Budget* budget) {
  return !CertainlyLess(value, NumberNode(Rational(-1)), budget) &&
         !CertainlyLess(NumberNode(Rational(1)), value, budget);
}

Equality PercentagesEqual(const Quantity& gold, const Quantity& answer, Budget* budget) {
  const bool gold_percent = gold.unit.kind == Unit::Kind::kPercent;
  const bool answer_percent = answer.unit.kind == Unit::Kind::kPercent;
  const Unit& other = gold_percent ? answer.unit : gold.unit;
  if (!(gold_percent && answer_percent) && other.kind != Unit::Kind::kNone)
    return Equality::kDifferent;
  if (!gold_percent && IsShare(gold.value, budget))
    return PlainValuesEqual(gold.value, Hundredth(answer.value), budget);
  const Equality plain = PlainValuesEqual(gold.value, answer.value, budget);
  if (gold_percent && answer_percent) return plain;
  if (plain == Equality::kEqual) return plain;
  return Either(plain, gold_percent
                           ? PlainValuesEqual(Hundredth(gold.value), answer.value, budget)
                           : PlainValuesEqual(gold.value, Hundredth(answer.value), budget));
}

// The answer's value in the gold's unit.
Node Converted(const Quantity& gold, const Quantity& answer) {
  Node value = answer.value;
  if (!(gold.unit.factor == answer.unit.factor)) {
    value = Scaled(value, NumberNode(answer.unit.factor / gold.unit.factor));
  }
  if (gold.unit.radians == answer.unit.radians) return value;
  const Node half_turn = NumberNode(Rational(180));
  return answer.unit.radians
             ? Scaled(value, MakeNodeOf(NodeKind::kDivide, half_turn, ConstantNode("pi")))
             : Scaled(value, MakeNodeOf(NodeKind::kDivide, ConstantNode("pi"), half_turn));
}

bool IsInDegrees(const Quantity& quantity) { return quantity.unit == DegreeUnit(); }

// 45° + 45° is in degrees; where some terms are none, it is a number.
Quantity SumInDegrees(const Node& node) {
  Node sum = node;
  for (Node& term : sum.children) {
    Quantity quantity = AsQuantity(term);
    if (!IsInDegrees(quantity)) return {node, {}};
    term = std::move(quantity.value);
  }
  return {std::move(sum), DegreeUnit()};
}

// 2 · 45°, 180°/2 and 2π% have the unit of the one factor that has one.
Quantity ProductWithUnit(const Node& node) {
  Node product = node;
  Unit unit;
  for (size_t at = 0; at < node.children.size(); ++at) {
    Quantity quantity = AsQuantity(node.children[at]);
    const bool last = at + 1 == node.children.size();
    const bool percent_behind =
        quantity.unit.kind == Unit::Kind::kPercent && last && node.kind == NodeKind::kMultiply;
    if (!IsInDegrees(quantity) && !percent_behind) continue;
    const bool below = node.kind == NodeKind::kDivide && last;
    if (unit.kind != Unit::Kind::kNone || below) return {node, {}};
    product.children[at] = std::move(quantity.value);
    unit = std::move(quantity.unit);
  }
  return {std::move(product), std::move(unit)};
}

// Degrees that are no angle of a function, as in (90^\circ)^1: they are a unit, not π/180.
bool HasBareDegrees(const Node& node) {
  if (node.kind == NodeKind::kDegrees) return true;
  if (node.kind == NodeKind::kCall && node.text != "abs") return false;
  if (node.kind == NodeKind::kDivide) {  // degrees over degrees are a number
    return HasBareDegrees(node.children[0]) != HasBareDegrees(node.children[1]);
  }
  return std::any_of(node.children.begin(), node.children.end(), HasBareDegrees);
}

}  // namespace

int InfinitySign(const Node& node) {
  if (IsConstant(node, "infinity")) return 1;
  if (node.kind == NodeKind::kNegate) return -InfinitySign(node.children[0]);
  return 0;
}

Quantity AsQuantity(const Node& node) {
  switch (node.kind) {
    case NodeKind::kQuantity: {
      Quantity inner = AsQuantity(node.children[0]);
      if (inner.unit.kind == Unit::Kind::kNone) return {std::move(inner.value), *node.unit};
      return {node.children[0], *node.unit};
    }
    case NodeKind::kDegrees:
      return {node.children[0], DegreeUnit()};
    case NodeKind::kPercent:
      return {node.children[0], PercentUnit()};
    case NodeKind::kNegate: {
      Quantity inner = AsQuantity(node.children[0]);
      inner.value = MakeNodeOf(NodeKind::kNegate, std::move(inner.value));
      return inner;
    }
    case NodeKind::kAdd:
      return SumInDegrees(node);
    case NodeKind::kMultiply:
    case NodeKind::kDivide:
      return ProductWithUnit(node);
    default:
      return {node, {}};
  }
}

Equality QuantitiesEqual(const Node& gold_node, const Node& answer_node, Budget* budget) {
  const auto plain = [](const Node& node) {
    return node.kind == NodeKind::kNumber ||
           (node.kind == NodeKind::kDivide && !Contains(node, NodeKind::kDegrees));
  };
  if (plain(gold_node) && plain(answer_node))
    return PlainValuesEqual(gold_node, answer_node, budget);
  const Quantity gold = AsQuantity(gold_node);
  const Quantity answer = AsQuantity(answer_node);
  if (HasBareDegrees(gold.value) != HasBareDegrees(answer.value)) return Equality::kDifferent;
  if (gold.unit.kind == Unit::Kind::kPercent || answer.unit.kind == Unit::Kind::kPercent) {
    return PercentagesEqual(gold, answer, budget);
  }
  if (gold.unit.kind == Unit::Kind::kNone || answer.unit.kind == Unit::Kind::kNone) {
    return PlainValuesEqual(gold.value, answer.value, budget);
  }
  if (gold.unit.kind != answer.unit.kind) return Equality::kDifferent;
  if (gold.unit.kind == Unit::Kind::kWords) {
    return gold.unit.words == answer.unit.words ? PlainValuesEqual(gold.value, answer.value, budget)
                                                : Equality::kDifferent;
  }
  if (gold.unit.dimensions != answer.unit.dimensions) return Equality::kDifferent;
  return PlainValuesEqual(gold.value, Converted(gold, answer), budget);
}

}  // namespace cohort
