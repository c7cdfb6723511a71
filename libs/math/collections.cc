#include "libs/math/collections.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "libs/math/answers_equal.h"

namespace cohort {
namespace {

constexpr size_t kMaxMembers = 64;

// The node with every ± made + or, the other way, −.
Node WithSign(const Node& node, bool first) {
  Node copy = node;
  for (Node& child : copy.children) child = WithSign(child, first);
  if (node.kind != NodeKind::kPlusMinus) return copy;
  const bool plus = (node.text == "+-") == first;
  Node right = std::move(copy.children[1]);
  if (!plus) right = MakeNodeOf(NodeKind::kNegate, std::move(right));
  return MakeNodeOf(NodeKind::kAdd, std::move(copy.children[0]), std::move(right));
}

// A set inside of a set stays one.
void AddItem(const Node& node, std::vector<Node>* items) {
  if (Contains(node, NodeKind::kPlusMinus) && node.kind != NodeKind::kSet) {
    items->push_back(WithSign(node, true));
    items->push_back(WithSign(node, false));
  } else {
    items->push_back(node);
  }
}

std::vector<Node> ItemsOf(const Node& node) {
  std::vector<Node> items;
  if (node.kind == NodeKind::kList || node.kind == NodeKind::kSet) {
    for (const Node& child : node.children) AddItem(child, &items);
  } else {
    AddItem(node, &items);
  }
  return items;
}

// Sorted by name; nothing unless there are several and every one has another name.
std::optional<NamedValues> Sorted(NamedValues named) {
  std::sort(named.begin(), named.end(),
            [](const Named& a, const Named& b) { return a.name < b.name; });
  const auto same = [](const Named& a, const Named& b) { return a.name == b.name; };
  if (named.size() < 2 || std::adjacent_find(named.begin(), named.end(), same) != named.end())
    return {};
  return named;
}

// A point that names its coordinates: "x = 1, y = 2" or "(x, y) = (1, 2)".
std::optional<NamedValues> AsNamedPoint(const std::vector<Node>& items, Budget* budget) {
  if (items.size() == 1) return AsNamedTuple(items[0], budget);
  NamedValues named;
  for (const Node& item : items) {
    std::optional<Named> one = AsNamed(item, budget);
    if (!one) return {};
    named.push_back(*std::move(one));
  }
  return Sorted(std::move(named));
}

// "x_1 = 1, x_2 = -2": several values of one letter.
bool IsOneLetter(const NamedValues& named) {
  const auto letter = [](const Named& one) { return one.name.substr(0, one.name.find('_')); };
  return std::all_of(named.begin(), named.end(), [&](const Named& one) {
    return one.name.find('_') != std::string::npos && letter(one) == letter(named[0]);
  });
}

Equality ItemsEqual(const Node& gold, const Node& answer, Budget* budget) {
  const bool sets = gold.kind == NodeKind::kSet;
  if (sets != (answer.kind == NodeKind::kSet)) return Equality::kDifferent;
  return AnswersEqual(gold, answer, budget);
}

// In any order, repetitions allowed. An answer stands for one gold only, and what stands for the
// same gold must itself be the same: neither is 100% both 1 and 100, nor 5 both 5 cm and 5 m.
Equality InAnyOrder(const std::vector<Node>& golds, const std::vector<Node>& answers,
                    Budget* budget) {
  std::vector<std::vector<const Node*>> standing(golds.size());
  for (const Node& answer : answers) {
    Equality best = Equality::kDifferent;
    size_t at = 0;
    while (at < golds.size()) {
      const Equality same = ItemsEqual(golds[at], answer, budget);
      if (same == Equality::kEqual || best == Equality::kDifferent) best = same;
      if (same == Equality::kEqual) break;
      ++at;
    }
    if (best != Equality::kEqual) return best;
    for (const Node* other : standing[at]) {
      const Equality same = ItemsEqual(*other, answer, budget);
      if (same != Equality::kEqual) return same;
    }
    standing[at].push_back(&answer);
  }
  for (size_t at = 0; at < golds.size(); ++at) {
    bool found = !standing[at].empty();
    for (size_t other = 0; other < at && !found; ++other)  // a gold that says one value twice
      found = ItemsEqual(golds[other], golds[at], budget) == Equality::kEqual;
    if (!found) return budget->empty() ? Equality::kTooCostly : Equality::kDifferent;
  }
  return Equality::kEqual;
}

// "1 or 2" is no point.
bool HasAlternatives(const Node& node) { return node.ops.find(kOr) != std::string::npos; }

bool IsOrderedList(const Node& node) {
  return node.kind == NodeKind::kList && !HasAlternatives(node) &&
         std::none_of(node.children.begin(), node.children.end(),
                      [](const Node& item) { return item.kind == NodeKind::kRelation; });
}

// A gold point: the answer is a tuple, a list in its order, or names the coordinates.
Equality PointEquals(const std::vector<Node>& tuple, const Node& answer,
                     const std::optional<NamedValues>& named, Budget* budget) {
  if (named) return InOrder(tuple, ValuesOf(*named), budget);
  if (IsOrderedList(answer)) return InOrder(tuple, answer.children, budget);
  const std::optional<std::vector<Node>> members = AsTuple(answer);
  return members ? InOrder(tuple, *members, budget) : Equality::kDifferent;
}

}  // namespace

bool IsCollection(const Node& node) {
  return node.kind == NodeKind::kList || node.kind == NodeKind::kSet ||
         Contains(node, NodeKind::kPlusMinus);
}

std::optional<Node> AsListOfMembers(const Node& node) {
  if (node.kind != NodeKind::kMember || node.children[0].kind != NodeKind::kSymbol ||
      node.children[1].kind != NodeKind::kSet) {
    return {};
  }
  const std::vector<Node>& members = node.children[1].children;
  if (members.empty()) return node.children[1];
  Node list = MakeNode(NodeKind::kList, {});
  for (const Node& member : members) {
    Node equation = MakeNodeOf(NodeKind::kRelation, node.children[0], member);
    equation.ops = kEqualTo;
    if (members.size() == 1) return equation;
    if (!list.children.empty()) list.ops += kComma;
    list.children.push_back(std::move(equation));
  }
  return list;
}

std::optional<std::vector<Node>> AsTuple(const Node& node) {
  if (node.kind == NodeKind::kBrackets) {
    const bool interval = node.children.size() == 2 && node.text != "()" && node.text != "<>";
    if (interval) return {};
    return node.children;
  }
  if (node.kind == NodeKind::kMatrix && node.text == "p") {
    if (node.children.size() == 1) return node.children[0].children;
    if (node.children[0].children.size() > 1) return {};
    std::vector<Node> column;
    for (const Node& row : node.children) column.push_back(row.children[0]);
    return column;
  }
  return {};
}

std::optional<NamedValues> AsNamedTuple(const Node& node, Budget* budget) {
  const std::optional<Named> whole = AsNamed(node, budget);
  if (!whole) return {};
  const std::optional<std::vector<Node>> values = AsTuple(whole->value);
  if (!values) return {};
  NamedValues named;
  std::string_view names = whole->name;
  for (const Node& value : *values) {
    if (names.empty()) return {};
    const size_t end = std::min(names.find(','), names.size());
    named.push_back({std::string(names.substr(0, end)), value});
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return names.empty() ? Sorted(std::move(named)) : std::nullopt;
}

Equality NamedPointsEqual(const NamedValues& gold, const NamedValues& answer, Budget* budget) {
  const auto same_name = [](const Named& a, const Named& b) { return a.name == b.name; };
  if (!std::equal(gold.begin(), gold.end(), answer.begin(), answer.end(), same_name))
    return Equality::kDifferent;
  return InOrder(ValuesOf(gold), ValuesOf(answer), budget);
}

std::vector<Node> ValuesOf(const NamedValues& named) {
  std::vector<Node> values;
  for (const Named& one : named) values.push_back(one.value);
  return values;
}

Equality InOrder(const std::vector<Node>& gold, const std::vector<Node>& answer, Budget* budget) {
  if (gold.size() != answer.size()) return Equality::kDifferent;
  Equality worst = Equality::kEqual;
  for (size_t i = 0; i < gold.size(); ++i) {
    const Equality same = AnswersEqual(gold[i], answer[i], budget);
    if (same == Equality::kDifferent) return same;
    if (same != Equality::kEqual) worst = same;
  }
  return worst;
}

Equality CollectionsEqual(const Node& gold, const Node& answer, Budget* budget) {
  const std::vector<Node> golds = ItemsOf(gold);
  std::vector<Node> answers = ItemsOf(answer);
  if (golds.size() > kMaxMembers || answers.size() > kMaxMembers) return Equality::kTooCostly;
  if (golds.empty() || answers.empty())
    return golds.size() == answers.size() ? Equality::kEqual : Equality::kDifferent;
  const std::optional<NamedValues> gold_point = AsNamedPoint(golds, budget);
  const std::optional<NamedValues> point = AsNamedPoint(answers, budget);
  if (point && answer.kind == NodeKind::kList && HasAlternatives(answer) && !IsOneLetter(*point))
    return Equality::kDifferent;
  if (gold_point && point) return NamedPointsEqual(*gold_point, *point, budget);
  if (gold_point && !IsOneLetter(*gold_point))
    return PointEquals(ValuesOf(*gold_point), answer, {}, budget);
  if (golds.size() == 1 && answers.size() > 1) {
    const std::optional<Named> whole = AsNamed(golds[0], budget);
    if (const std::optional<std::vector<Node>> tuple = AsTuple(whole ? whole->value : golds[0]))
      return PointEquals(*tuple, answer, point, budget);
  }
  if (point) {
    if (!IsOneLetter(*point)) return Equality::kDifferent;
    answers = ValuesOf(*point);
  }
  return InAnyOrder(golds, answers, budget);
}

}  // namespace cohort
