#include "libs/math/answers_equal.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/math/quantities.h"
#include "libs/math/real_sets.h"
#include "libs/math/relations.h"

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

void AddItems(const Node& node, std::vector<Node>* items) {
  if (node.kind == NodeKind::kList || node.kind == NodeKind::kSet) {
    for (const Node& child : node.children) AddItems(child, items);
  } else if (node.kind == NodeKind::kMember && node.children[1].kind == NodeKind::kSet) {
    AddItems(node.children[1], items);
  } else if (Contains(node, NodeKind::kPlusMinus)) {
    items->push_back(WithSign(node, true));
    items->push_back(WithSign(node, false));
  } else {
    items->push_back(node);
  }
}

std::vector<Node> ItemsOf(const Node& node) {
  std::vector<Node> items;
  AddItems(node, &items);
  return items;
}

// The members of a point or a vector; nothing for another thing.
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

using NamedValues = std::vector<Named>;

// Sorted by name; nothing unless there are several and every one has another name.
std::optional<NamedValues> Sorted(NamedValues named) {
  std::sort(named.begin(), named.end(),
            [](const Named& a, const Named& b) { return a.name < b.name; });
  const auto same = [](const Named& a, const Named& b) { return a.name == b.name; };
  if (named.size() < 2 || std::adjacent_find(named.begin(), named.end(), same) != named.end())
    return {};
  return named;
}

// "(x, y) = (1, 2)".
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

// The first that is not equal decides, a certain difference before an open question.
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

std::vector<Node> ValuesOf(const NamedValues& named) {
  std::vector<Node> values;
  for (const Named& one : named) values.push_back(one.value);
  return values;
}

// Every one here has its equal there.
Equality Covered(const std::vector<Node>& golds, const std::vector<Node>& answers, bool by_gold,
                 Budget* budget) {
  for (const Node& one : by_gold ? golds : answers) {
    Equality best = Equality::kDifferent;
    for (const Node& other : by_gold ? answers : golds) {
      const Equality same =
          by_gold ? AnswersEqual(one, other, budget) : AnswersEqual(other, one, budget);
      if (same == Equality::kEqual || best == Equality::kDifferent) best = same;
      if (same == Equality::kEqual) break;
    }
    if (best != Equality::kEqual) return best;
  }
  return Equality::kEqual;
}

Equality NamedPointsEqual(const NamedValues& gold, const NamedValues& answer, Budget* budget) {
  const auto same_name = [](const Named& a, const Named& b) { return a.name == b.name; };
  if (!std::equal(gold.begin(), gold.end(), answer.begin(), answer.end(), same_name))
    return Equality::kDifferent;
  return InOrder(ValuesOf(gold), ValuesOf(answer), budget);
}

// A bare list in the order of the gold's tuple is the tuple; a list of named values is it by name.
Equality TupleEqualsList(const std::vector<Node>& tuple, const std::vector<Node>& items,
                         const std::optional<NamedValues>& named, Budget* budget) {
  if (named) return InOrder(tuple, ValuesOf(*named), budget);
  const bool relations = std::any_of(items.begin(), items.end(), [](const Node& item) {
    return item.kind == NodeKind::kRelation;
  });
  return relations ? Equality::kDifferent : InOrder(tuple, items, budget);
}

Equality CollectionsEqual(const Node& gold, const Node& answer, Budget* budget) {
  const std::vector<Node> golds = ItemsOf(gold);
  std::vector<Node> answers = ItemsOf(answer);
  if (golds.size() > kMaxMembers || answers.size() > kMaxMembers) return Equality::kTooCostly;
  if (golds.empty() || answers.empty())
    return golds.size() == answers.size() ? Equality::kEqual : Equality::kDifferent;
  const std::optional<NamedValues> gold_point = AsNamedPoint(golds, budget);
  const std::optional<NamedValues> point = AsNamedPoint(answers, budget);
  if (gold_point && point) return NamedPointsEqual(*gold_point, *point, budget);
  if (golds.size() == 1 && answers.size() > 1) {
    const std::optional<Named> whole = AsNamed(golds[0], budget);
    if (const std::optional<std::vector<Node>> tuple = AsTuple(whole ? whole->value : golds[0])) {
      if (answer.kind != NodeKind::kList) return Equality::kDifferent;
      return TupleEqualsList(*tuple, answers, point, budget);
    }
  }
  if (gold_point && answers.size() == 1) {
    const std::optional<std::vector<Node>> tuple = AsTuple(answers[0]);
    return tuple ? InOrder(ValuesOf(*gold_point), *tuple, budget) : Equality::kDifferent;
  }
  if (point) {
    if (!IsOneLetter(*point)) return Equality::kDifferent;
    answers = ValuesOf(*point);
  }
  const Equality forth = Covered(golds, answers, /*by_gold=*/true, budget);
  return forth == Equality::kEqual ? Covered(golds, answers, /*by_gold=*/false, budget) : forth;
}

bool IsCollection(const Node& node) {
  return node.kind == NodeKind::kList || node.kind == NodeKind::kSet ||
         (node.kind == NodeKind::kMember && node.children[1].kind == NodeKind::kSet) ||
         Contains(node, NodeKind::kPlusMinus);
}

Equality MatricesEqual(const Node& gold, const Node& answer, Budget* budget) {
  if (gold.kind != answer.kind || gold.text != answer.text ||
      gold.children.size() != answer.children.size()) {
    return Equality::kDifferent;
  }
  for (size_t row = 0; row < gold.children.size(); ++row) {
    const Equality same =
        InOrder(gold.children[row].children, answer.children[row].children, budget);
    if (same != Equality::kEqual) return same;
  }
  return Equality::kEqual;
}

// As a fraction when there are two members; else each to the first.
Equality RatiosEqual(const Node& gold, const Node& answer, Budget* budget) {
  const auto quotient = [](const Node& ratio, size_t member) {
    return MakeNodeOf(NodeKind::kDivide, ratio.children[0], ratio.children[member]);
  };
  if (gold.kind != NodeKind::kRatio || answer.kind != NodeKind::kRatio) {
    const Node& ratio = gold.kind == NodeKind::kRatio ? gold : answer;
    const Node& other = gold.kind == NodeKind::kRatio ? answer : gold;
    if (ratio.children.size() != 2 || !IsValue(other)) return Equality::kDifferent;
    return ValuesEqual(other, quotient(ratio, 1), budget);
  }
  if (gold.children.size() != answer.children.size()) return Equality::kDifferent;
  for (size_t member = 1; member < gold.children.size(); ++member) {
    const Equality same = ValuesEqual(quotient(gold, member), quotient(answer, member), budget);
    if (same != Equality::kEqual) return same;
  }
  return Equality::kEqual;
}

Equality WithRelations(const Node& gold, const Node& answer, Budget* budget) {
  const std::optional<NamedValues> gold_point = AsNamedTuple(gold, budget);
  const std::optional<NamedValues> point = AsNamedTuple(answer, budget);
  if (gold_point && point) return NamedPointsEqual(*gold_point, *point, budget);
  const std::optional<Named> named = AsNamed(answer, budget);
  if (gold.kind != NodeKind::kRelation) {
    if (named) {
      const std::vector<std::string> symbols = SymbolsOf(gold);
      const bool of_itself = std::binary_search(symbols.begin(), symbols.end(), named->name);
      return of_itself ? Equality::kDifferent : AnswersEqual(gold, named->value, budget);
    }
    const std::optional<Node> chain = AsChainValue(answer, budget);
    return chain ? AnswersEqual(gold, *chain, budget) : Equality::kDifferent;
  }
  const std::optional<Named> gold_named = AsNamed(gold, budget);
  if (gold_named && answer.kind != NodeKind::kRelation)
    return AnswersEqual(gold_named->value, answer, budget);
  if (gold_named && named && gold_named->name == named->name) {
    const Equality same = AnswersEqual(gold_named->value, named->value, budget);
    if (same == Equality::kEqual) return same;
  }
  return RelationsEqual(gold, answer, budget);
}

bool IsQuantity(const Node& node) { return IsValue(node) || node.kind == NodeKind::kQuantity; }

}  // namespace

Equality AnswersEqual(const Node& gold, const Node& answer, Budget* budget) {
  if (!budget->Spend(200)) return Equality::kTooCostly;
  if (gold.kind == NodeKind::kBrackets && answer.kind == NodeKind::kBrackets &&
      gold.children.size() == 2 && gold.text != "<>" && answer.text != "<>") {
    return gold.text == answer.text ? InOrder(gold.children, answer.children, budget)
                                    : Equality::kDifferent;
  }
  if (IsRealSet(gold) || IsRealSet(answer)) {
    std::optional<RealSet> gold_set = AsRealSet(gold);
    std::optional<RealSet> answer_set = AsRealSet(answer);
    if (gold_set && answer_set)
      return RealSetsEqual(*std::move(gold_set), *std::move(answer_set), budget);
    if (gold.kind != NodeKind::kRelation || answer.kind != NodeKind::kRelation)
      return Equality::kDifferent;
  }
  if (IsCollection(gold) || IsCollection(answer)) return CollectionsEqual(gold, answer, budget);
  if (gold.kind == NodeKind::kRelation || answer.kind == NodeKind::kRelation)
    return WithRelations(gold, answer, budget);
  if (gold.kind == NodeKind::kRatio || answer.kind == NodeKind::kRatio)
    return RatiosEqual(gold, answer, budget);
  if (IsQuantity(gold) && IsQuantity(answer)) return QuantitiesEqual(gold, answer, budget);
  const std::optional<std::vector<Node>> gold_tuple = AsTuple(gold);
  const std::optional<std::vector<Node>> answer_tuple = AsTuple(answer);
  if (gold_tuple && answer_tuple) return InOrder(*gold_tuple, *answer_tuple, budget);
  return MatricesEqual(gold, answer, budget);
}

}  // namespace cohort
