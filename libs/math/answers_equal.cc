#include "libs/math/answers_equal.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/math/collections.h"
#include "libs/math/quantities.h"
#include "libs/math/real_sets.h"
#include "libs/math/relations.h"

namespace cohort {
namespace {

Equality MatricesEqual(const Node& gold, const Node& answer, Budget* budget) {
  if (gold.kind != NodeKind::kMatrix || answer.kind != NodeKind::kMatrix ||
      gold.text != answer.text || gold.children.size() != answer.children.size()) {
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
  const std::optional<std::vector<Node>> gold_tuple = AsTuple(gold);
  if (gold_tuple && point) return InOrder(*gold_tuple, ValuesOf(*point), budget);
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

// "(1,2) or (3,4)", where a set of reals is asked for.
std::optional<Node> AsUnion(const Node& node) {
  const auto is_pair = [](const Node& child) {
    return child.kind == NodeKind::kBrackets && child.children.size() == 2 && child.text != "<>";
  };
  if (node.kind != NodeKind::kList || node.ops.find_first_not_of(kOr) != std::string::npos ||
      !std::all_of(node.children.begin(), node.children.end(), is_pair)) {
    return {};
  }
  return MakeNode(NodeKind::kUnion, node.children);
}

bool IsQuantity(const Node& node) { return IsValue(node) || node.kind == NodeKind::kQuantity; }

}  // namespace

Equality AnswersEqual(const Node& gold, const Node& answer, Budget* budget) {
  if (!budget->Spend(200)) return Equality::kTooCostly;
  if (const std::optional<Node> list = AsListOfMembers(gold))
    return AnswersEqual(*list, answer, budget);
  if (const std::optional<Node> list = AsListOfMembers(answer))
    return AnswersEqual(gold, *list, budget);
  if (gold.kind == NodeKind::kBrackets && answer.kind == NodeKind::kBrackets &&
      gold.children.size() == 2 && gold.text != "<>" && answer.text != "<>") {
    return gold.text == answer.text ? InOrder(gold.children, answer.children, budget)
                                    : Equality::kDifferent;
  }
  if (IsRealSet(gold)) {
    if (const std::optional<Node> joined = AsUnion(answer))
      return AnswersEqual(gold, *joined, budget);
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
