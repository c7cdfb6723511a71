// Computes a tree in a domain: rationals, algebraic numbers, balls of complex numbers.
//
// A domain D has a type Value and operations that write to a Value* and return an Evaluation. The
// walk is the same for all of them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libs/math/node.h"

namespace cohort {

enum class Evaluation {
  kOk,
  kUndefined,  // it has no value: a division by zero
  kBeyond,     // this domain cannot say: another one may
  kTooCostly,
};

template <typename D>
Evaluation Evaluate(const Node& node, D& domain, typename D::Value* out);

namespace evaluate_internal {

inline constexpr size_t kMaxDeterminant = 6;

// By the first row; a minor leaves out the columns in `taken`.
template <typename D>
Evaluation Determinant(const std::vector<std::vector<typename D::Value>>& cells, size_t row,
                       unsigned taken, D& domain, typename D::Value* out) {
  using Value = typename D::Value;
  if (row == cells.size()) return domain.FromRational(Rational(1), out);
  Evaluation result = domain.FromRational(Rational(0), out);
  bool negative = false;
  for (size_t column = 0; column < cells.size() && result == Evaluation::kOk; ++column) {
    if ((taken & (1U << column)) != 0) continue;
    Value minor;
    result = Determinant(cells, row + 1, taken | (1U << column), domain, &minor);
    Value term;
    if (result == Evaluation::kOk) result = domain.Multiply(cells[row][column], minor, &term);
    if (result == Evaluation::kOk && negative) result = domain.Negate(term, &term);
    if (result == Evaluation::kOk) result = domain.Add(*out, term, out);
    negative = !negative;
  }
  return result;
}

template <typename D>
Evaluation EvaluateMatrix(const Node& node, D& domain, typename D::Value* out) {
  const size_t size = node.children.size();
  if (node.text != "v" || size > kMaxDeterminant) return Evaluation::kBeyond;
  std::vector<std::vector<typename D::Value>> cells(size);
  for (size_t row = 0; row < size; ++row) {
    cells[row].resize(size);
    for (size_t column = 0; column < size; ++column) {
      const Evaluation result =
          Evaluate(node.children[row].children[column], domain, &cells[row][column]);
      if (result != Evaluation::kOk) return result;
    }
  }
  return Determinant(cells, 0, 0, domain, out);
}

}  // namespace evaluate_internal

template <typename D>
Evaluation Evaluate(const Node& node, D& domain, typename D::Value* out) {
  using Value = typename D::Value;
  const auto both = [&](Value* left, Value* right) {
    const Evaluation result = Evaluate(node.children[0], domain, left);
    return result != Evaluation::kOk ? result : Evaluate(node.children[1], domain, right);
  };
  switch (node.kind) {
    case NodeKind::kNumber:
      return domain.FromRational(node.number, out);
    case NodeKind::kSymbol:
      return domain.Symbol(node.text, out);
    case NodeKind::kConstant:
      return domain.Constant(node.text, out);
    case NodeKind::kAdd:
    case NodeKind::kMultiply: {
      Evaluation result = Evaluate(node.children[0], domain, out);
      for (size_t i = 1; i < node.children.size() && result == Evaluation::kOk; ++i) {
        Value next;
        result = Evaluate(node.children[i], domain, &next);
        if (result != Evaluation::kOk) break;
        result = node.kind == NodeKind::kAdd ? domain.Add(*out, next, out)
                                             : domain.Multiply(*out, next, out);
      }
      return result;
    }
    case NodeKind::kNegate: {
      const Evaluation result = Evaluate(node.children[0], domain, out);
      return result != Evaluation::kOk ? result : domain.Negate(*out, out);
    }
    case NodeKind::kDivide: {
      Value above;
      Value below;
      const Evaluation result = both(&above, &below);
      return result != Evaluation::kOk ? result : domain.Divide(above, below, out);
    }
    case NodeKind::kPower:
    case NodeKind::kRoot:
      return domain.Power(node, out);
    case NodeKind::kCall:
      return domain.Call(node, out);
    case NodeKind::kDegrees: {
      Value angle;
      Value pi;
      Value factor;
      Evaluation result = Evaluate(node.children[0], domain, &angle);
      if (result == Evaluation::kOk) result = domain.Constant("pi", &pi);
      if (result == Evaluation::kOk) result = domain.FromRational(Rational(1, 180), &factor);
      if (result == Evaluation::kOk) result = domain.Multiply(angle, pi, &angle);
      return result != Evaluation::kOk ? result : domain.Multiply(angle, factor, out);
    }
    case NodeKind::kPercent: {
      Value factor;
      Evaluation result = Evaluate(node.children[0], domain, out);
      if (result == Evaluation::kOk) result = domain.FromRational(Rational(1, 100), &factor);
      return result != Evaluation::kOk ? result : domain.Multiply(*out, factor, out);
    }
    case NodeKind::kMatrix:
      return evaluate_internal::EvaluateMatrix(node, domain, out);
    default:
      return Evaluation::kBeyond;
  }
}

}  // namespace cohort
