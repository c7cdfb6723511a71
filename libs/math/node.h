// A mathematical answer as it was read: a tree of values. Written by the reader, read by everything
// else. Its depth is bounded by kMaxNesting, so that recursion over it is safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/math/rational.h"
#include "libs/math/units.h"

namespace cohort {

inline constexpr int kMaxNesting = 60;  // of brackets, exponents and arguments in each other

enum class NodeKind {
  // Values.
  kNumber,    // `number`; for decimals also `decimals` and `significant`
  kBased,     // `text`: digits, children[0]: the base, a kNumber
  kSymbol,    // `text`: a variable with its subscript, as in x or x_1
  kConstant,  // `text`: "pi", "e", "i", "infinity"
  kAdd,       // of all children
  kMultiply,  // of all children; `text`: kApplied where it may be a function's value
  kNegate,
  kDivide,
  kPower,
  kRoot,       // children: radicand, index
  kCall,       // `text`: a known function in plain letters; children: its arguments
  kDegrees,    // an angle in degrees
  kPercent,    // per cent of children[0]
  kPlusMinus,  // children: left (or nothing), right; `text`: "+-" or "-+"
  // What is made of values.
  kRelation,  // children[0] ops[0] children[1] ops[1] …
  kMatrix,    // children: kRow each; `text`: "p" (any bracket) or "v" (bars: a determinant)
  kRow,
  kBrackets,  // two or more members; `text`: the two brackets: "()", "(]", "[)", "[]", "<>"
  kSet,       // in braces; without members the empty set
  kList,      // without brackets; `ops`: what stands between
  kUnion,
  kMember,    // children: what, of which set
  kReals,     // the set of real numbers
  kRatio,     // a : b : …
  kQuantity,  // children[0] with `unit`
};

// Between the members of a relation.
inline constexpr char kEqualTo = '=';
inline constexpr char kNotEqualTo = '!';
inline constexpr char kLess = '<';
inline constexpr char kLessOrEqual = 'l';
inline constexpr char kGreater = '>';
inline constexpr char kGreaterOrEqual = 'g';

// Between the members of a list.
inline constexpr char kComma = ',';
inline constexpr char kAnd = 'a';
inline constexpr char kOr = 'o';

// The text of f(x) as a product: a letter directly before brackets.
inline constexpr std::string_view kApplied = "()";

struct Node {
  NodeKind kind = NodeKind::kNumber;
  std::string text;
  std::string ops;
  Rational number;
  int decimals = 0;                  // digits behind the point
  int significant = 0;               // digits from the first that is not zero
  std::shared_ptr<const Unit> unit;  // of a kQuantity
  std::vector<Node> children;
};

Node NumberNode(Rational number);
Node SymbolNode(std::string name);
Node ConstantNode(std::string_view name);
Node MakeNode(NodeKind kind, std::vector<Node> children, std::string text = "");

template <typename... Children>
Node MakeNodeOf(NodeKind kind, Children... children) {
  Node node;
  node.kind = kind;
  node.children.reserve(sizeof...(children));
  (node.children.push_back(std::move(children)), ...);
  return node;
}

bool IsConstant(const Node& node, std::string_view name);

// A number, or what is computed from numbers: what may stand in a sum.
bool IsValue(const Node& node);

// The same tree: the same writing but for what the reader takes away. Units count.
bool SameTree(const Node& a, const Node& b);

// The names of all variables, sorted, each once.
std::vector<std::string> SymbolsOf(const Node& node);

// Any node of this kind in the tree.
bool Contains(const Node& node, NodeKind kind);

}  // namespace cohort
