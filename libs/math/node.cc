#include "libs/math/node.h"

#include <algorithm>

namespace cohort {
namespace {

void CollectSymbols(const Node& node, std::vector<std::string>* names) {
  if (node.kind == NodeKind::kSymbol) names->push_back(node.text);
  for (const Node& child : node.children) CollectSymbols(child, names);
}

}  // namespace

Node NumberNode(Rational number) {
  Node node;
  node.number = std::move(number);
  return node;
}

Node SymbolNode(std::string name) { return MakeNode(NodeKind::kSymbol, {}, std::move(name)); }

Node ConstantNode(std::string_view name) {
  return MakeNode(NodeKind::kConstant, {}, std::string(name));
}

Node MakeNode(NodeKind kind, std::vector<Node> children, std::string text) {
  Node node;
  node.kind = kind;
  node.children = std::move(children);
  node.text = std::move(text);
  return node;
}

bool IsConstant(const Node& node, std::string_view name) {
  return node.kind == NodeKind::kConstant && node.text == name;
}

bool IsValue(const Node& node) {
  return node.kind <= NodeKind::kPlusMinus || (node.kind == NodeKind::kMatrix && node.text == "v");
}

bool SameTree(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.children.size() != b.children.size() || a.ops != b.ops) return false;
  if (a.kind == NodeKind::kNumber) return a.number == b.number;
  if (a.text != b.text) return false;
  if (a.unit != b.unit && !(a.unit && b.unit && *a.unit == *b.unit)) return false;
  return std::equal(a.children.begin(), a.children.end(), b.children.begin(), SameTree);
}

std::vector<std::string> SymbolsOf(const Node& node) {
  std::vector<std::string> names;
  CollectSymbols(node, &names);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool Contains(const Node& node, NodeKind kind) {
  return node.kind == kind ||
         std::any_of(node.children.begin(), node.children.end(),
                     [kind](const Node& child) { return Contains(child, kind); });
}

}  // namespace cohort
