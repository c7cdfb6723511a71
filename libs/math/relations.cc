#include "libs/math/relations.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace cohort {
namespace {

bool IsEquations(const Node& node) {
  return node.kind == NodeKind::kRelation &&
         node.ops.find_first_not_of(kEqualTo) == std::string::npos;
}

// The name that a member of an equation is, empty when it is an expression: x, f of f(x), f(2),
// x,y of (x, y).
std::string NameOf(const Node& node) {
  if (node.kind == NodeKind::kSymbol) return node.text;
  if (node.kind == NodeKind::kMultiply && node.text == kApplied &&
      node.children[0].kind == NodeKind::kSymbol) {
    constexpr std::string_view kFunctionLetters = "fghpqPQFGH";
    const std::string& letter = node.children[0].text;
    const Node& argument = node.children[1];
    if (letter.size() > 1 || kFunctionLetters.find(letter[0]) == std::string_view::npos) return "";
    if (argument.kind == NodeKind::kSymbol) return letter;
    if (argument.kind == NodeKind::kNumber) return letter + "(" + ToText(argument.number) + ")";
  }
  if (node.kind == NodeKind::kBrackets && node.text == "()") {
    std::string names;
    for (const Node& child : node.children) {
      if (child.kind != NodeKind::kSymbol) return "";
      names += (names.empty() ? "" : ",") + child.text;
    }
    return names;
  }
  return "";
}

// The last member of a chain may be the only one with a unit: 9 · 2 = 18 dollars.
const Node& WithoutUnit(const Node& last, const Node& member) {
  return last.kind == NodeKind::kQuantity && IsValue(member) ? last.children[0] : last;
}

bool AllEqual(std::vector<Node>::const_iterator first, std::vector<Node>::const_iterator last,
              Budget* budget) {
  for (auto member = first; member != last; ++member) {
    const Node& value = WithoutUnit(*(last - 1), *member);
    if (SameTree(*member, value)) continue;
    if (!IsValue(*member) || !IsValue(value) ||
        ValuesEqual(value, *member, budget) != Equality::kEqual)
      return false;
  }
  return true;
}

bool Mentions(const Node& node, const std::string& name) {
  const std::vector<std::string> symbols = SymbolsOf(node);
  return std::binary_search(symbols.begin(), symbols.end(), name);
}

// d of the relation "d = 0", "d < 0" or "d ≤ 0", and its sign among those three and "≠".
struct Standard {
  Node difference;
  char op = kEqualTo;
};

std::optional<Standard> AsStandard(const Node& node) {
  if (node.kind != NodeKind::kRelation || node.children.size() != 2) return {};
  const Node* left = &node.children[0];
  const Node* right = &node.children[1];
  if (!IsValue(*left) || !IsValue(*right)) return {};
  char op = node.ops[0];
  if (op == kGreater || op == kGreaterOrEqual) {
    std::swap(left, right);
    op = op == kGreater ? kLess : kLessOrEqual;
  }
  return Standard{MakeNodeOf(NodeKind::kAdd, *left, MakeNodeOf(NodeKind::kNegate, *right)), op};
}

// Whether this may be the name of that value: (x, y) of a pair, f(x) of an expression in x or a
// constant, f(2) of a constant.
bool Fits(const Node& name, const Node& value) {
  if (name.kind == NodeKind::kBrackets) {
    if (value.kind != NodeKind::kBrackets || value.children.size() != name.children.size())
      return false;
    return SymbolsOf(name).size() == name.children.size();  // each once
  }
  if (name.kind != NodeKind::kMultiply) return true;
  const std::vector<std::string> symbols = SymbolsOf(value);
  if (symbols.empty()) return true;
  const Node& argument = name.children[1];
  return argument.kind == NodeKind::kSymbol &&
         std::binary_search(symbols.begin(), symbols.end(), argument.text);
}

}  // namespace

std::optional<Named> AsNamed(const Node& node, Budget* budget) {
  if (!IsEquations(node)) return {};
  const std::vector<Node>& members = node.children;
  if (std::string name = NameOf(members.front()); !name.empty()) {
    if (!AllEqual(members.begin() + 1, members.end(), budget)) return {};
    if (!Mentions(members.back(), name) && Fits(members.front(), members.back()))
      return Named{std::move(name), members.back()};
  }
  if (std::string name = NameOf(members.back()); !name.empty()) {
    if (!AllEqual(members.begin(), members.end() - 1, budget)) return {};
    const Node& value = *(members.end() - 2);
    if (!Mentions(value, name) && Fits(members.back(), value)) return Named{std::move(name), value};
  }
  return {};
}

std::optional<Node> AsChainValue(const Node& node, Budget* budget) {
  if (!IsEquations(node) || !AllEqual(node.children.begin(), node.children.end(), budget))
    return {};
  return node.children.back();
}

Equality RelationsEqual(const Node& gold, const Node& answer, Budget* budget) {
  if (SameTree(gold, answer)) return Equality::kEqual;
  const std::optional<Standard> first = AsStandard(gold);
  const std::optional<Standard> second = AsStandard(answer);
  if (!first || !second || first->op != second->op) return Equality::kDifferent;
  if (SymbolsOf(first->difference).empty()) return Equality::kDifferent;
  const bool positive = first->op == kLess || first->op == kLessOrEqual;
  return Proportional(first->difference, second->difference, positive, budget);
}

}  // namespace cohort
