// A tree as text, for tests: (kind child …), numbers as fractions.
#pragma once

#include <string>

#include "libs/math/node.h"

namespace cohort {

inline std::string RationalText(const Rational& value) {
  char* text = fmpq_get_str(nullptr, 10, value.get());
  std::string copy(text);
  flint_free(text);
  return copy;
}

inline std::string KindText(const Node& node) {
  switch (node.kind) {
    case NodeKind::kBased:
      return "base " + node.text;
    case NodeKind::kAdd:
      return "+";
    case NodeKind::kMultiply:
      return "*";
    case NodeKind::kNegate:
      return "-";
    case NodeKind::kDivide:
      return "/";
    case NodeKind::kPower:
      return "^";
    case NodeKind::kRoot:
      return "root";
    case NodeKind::kDegrees:
      return "degrees";
    case NodeKind::kPercent:
      return "percent";
    case NodeKind::kRelation:
      return "relation " + node.ops;
    case NodeKind::kMatrix:
      return "matrix " + node.text;
    case NodeKind::kRow:
      return "row";
    case NodeKind::kSet:
      return "set";
    case NodeKind::kList:
      return "list " + node.ops;
    case NodeKind::kUnion:
      return "union";
    case NodeKind::kMember:
      return "in";
    case NodeKind::kReals:
      return "reals";
    case NodeKind::kRatio:
      return "ratio";
    case NodeKind::kQuantity:
      return "quantity";
    default:
      return node.text;  // names, functions, brackets, ±
  }
}

inline std::string TreeText(const Node& node) {
  if (node.kind == NodeKind::kNumber) return RationalText(node.number);
  if (node.kind == NodeKind::kSymbol || node.kind == NodeKind::kConstant) return node.text;
  std::string text = "(" + KindText(node);
  for (const Node& child : node.children) text += " " + TreeText(child);
  return text + ")";
}

}  // namespace cohort
