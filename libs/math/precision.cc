#include "libs/math/precision.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string_view>

namespace cohort {
namespace {

constexpr double kBitsOfAnyBase = 4;  // what is no literal: e, π, a variable
constexpr double kTamePower = 64;     // of a base that is no literal

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Of a number, its negative, or a fraction of numbers.
bool IsPlainConstant(const Node& node) {
  if (node.kind == NodeKind::kNumber) return true;
  const bool passes = node.kind == NodeKind::kNegate || node.kind == NodeKind::kDivide;
  return passes && std::all_of(node.children.begin(), node.children.end(), IsPlainConstant);
}

double PlainSize(const Node& node) {
  if (node.kind == NodeKind::kNegate) return PlainSize(node.children[0]);
  if (node.kind == NodeKind::kDivide) {
    return PlainSize(node.children[0]) / std::max(1e-300, PlainSize(node.children[1]));
  }
  return std::abs(fmpq_get_d(node.number.get()));
}

}  // namespace

long LiteralBits(const Node& node) {
  if (node.kind == NodeKind::kNumber) return std::min(node.number.Bits(), kTooManyBits);
  double bits = 0;
  for (size_t i = 0; i < node.children.size(); ++i) {
    double child = static_cast<double>(LiteralBits(node.children[i]));
    if (i == 0 && node.kind == NodeKind::kPower && IsPlainConstant(node.children[1])) {
      child = (child + kBitsOfAnyBase) * (1 + PlainSize(node.children[1]));
    }
    bits += child;
  }
  return static_cast<long>(std::min(bits, static_cast<double>(kTooManyBits)));
}

bool HasGrowth(const Node& node) {
  if (node.kind == NodeKind::kPower) {
    const bool plain = IsPlainConstant(node.children[1]);
    if (!plain) return true;
    if (!IsPlainConstant(node.children[0]) && PlainSize(node.children[1]) > kTamePower) return true;
  }
  if (node.kind == NodeKind::kCall &&
      IsOneOf(node.text, {"exp", "sinh", "cosh", "tanh", "coth", "factorial", "binom"})) {
    return true;
  }
  return std::any_of(node.children.begin(), node.children.end(), HasGrowth);
}

bool IsRounded(const Node& node) {
  if (node.kind == NodeKind::kCall && IsOneOf(node.text, {"floor", "ceil", "gcd", "lcm"}))
    return true;
  return std::any_of(node.children.begin(), node.children.end(), IsRounded);
}

bool IsTrigonometric(const Node& node) {
  if (node.kind == NodeKind::kCall &&
      !IsOneOf(node.text, {"ln", "log", "exp", "binom", "factorial", "abs"}))
    return true;
  return std::any_of(node.children.begin(), node.children.end(), IsTrigonometric);
}

bool IsSmooth(const Node& node) {
  if (node.kind == NodeKind::kRoot) return false;
  if (node.kind == NodeKind::kPower) {
    const Node& exponent = node.children[1];
    const bool whole = exponent.kind == NodeKind::kNumber && exponent.number.IsInteger();
    if (IsPlainConstant(exponent) && !whole) return false;
  }
  if (node.kind == NodeKind::kCall &&
      IsOneOf(node.text,
              {"abs", "floor", "ceil", "max", "min", "gcd", "lcm", "arcsin", "arccos", "arctan"})) {
    return false;
  }
  return std::all_of(node.children.begin(), node.children.end(), IsSmooth);
}

}  // namespace cohort
