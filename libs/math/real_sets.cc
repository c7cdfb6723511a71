#include "libs/math/real_sets.h"

#include <algorithm>
#include <utility>

#include "libs/math/quantities.h"

namespace cohort {
namespace {

constexpr size_t kMaxIntervals = 24;

Node Infinity(int sign) {
  Node infinity = ConstantNode("infinity");
  return sign > 0 ? infinity : MakeNodeOf(NodeKind::kNegate, std::move(infinity));
}

bool IsUpward(char op) { return op == kLess || op == kLessOrEqual; }
bool IsDownward(char op) { return op == kGreater || op == kGreaterOrEqual; }
bool IsInequality(char op) { return IsUpward(op) || IsDownward(op); }

bool IsEnd(const Node& node) { return IsValue(node) && SymbolsOf(node).empty(); }

// low < high: −1 certainly, 0 equal, 1 certainly above, nothing when not known.
std::optional<int> Order(const Node& a, const Node& b, Budget* budget) {
  const int left = InfinitySign(a);
  const int right = InfinitySign(b);
  if (left != 0 || right != 0) return left < right ? -1 : left > right ? 1 : 0;
  if (CertainlyLess(a, b, budget)) return -1;
  if (CertainlyLess(b, a, budget)) return 1;
  if (ValuesEqual(a, b, budget) == Equality::kEqual) return 0;
  return {};
}

std::optional<Interval> BracketInterval(const Node& node) {
  if (node.kind != NodeKind::kBrackets || node.children.size() != 2 || node.text == "<>") return {};
  if (!IsEnd(node.children[0]) || !IsEnd(node.children[1])) return {};
  return Interval{node.children[0], node.children[1], node.text[0] == '[', node.text[1] == ']'};
}

// x > 3, 3 < x, 1 < x ≤ 2, 2 ≥ x > 1.
std::optional<RealSet> InequalitySet(const Node& node) {
  if (node.kind != NodeKind::kRelation) return {};
  if (!std::all_of(node.ops.begin(), node.ops.end(), IsInequality)) return {};
  const auto is_variable = [](const Node& child) { return child.kind == NodeKind::kSymbol; };
  const std::vector<Node>& members = node.children;
  Interval interval{Infinity(-1), Infinity(1), false, false};
  // What `variable op end` says.
  const auto bound = [&interval](char op, const Node& end) {
    if (IsUpward(op)) {
      interval.high = end;
      interval.high_closed = op == kLessOrEqual;
    } else {
      interval.low = end;
      interval.low_closed = op == kGreaterOrEqual;
    }
  };
  const auto turned = [](char op) {
    if (op == kLess) return kGreater;
    if (op == kLessOrEqual) return kGreaterOrEqual;
    return op == kGreater ? kLess : kLessOrEqual;
  };
  if (members.size() == 2 && is_variable(members[0]) && IsEnd(members[1])) {
    bound(node.ops[0], members[1]);
    return RealSet{members[0].text, {interval}};
  }
  if (members.size() == 2 && is_variable(members[1]) && IsEnd(members[0])) {
    bound(turned(node.ops[0]), members[0]);
    return RealSet{members[1].text, {interval}};
  }
  if (members.size() == 3 && is_variable(members[1]) && IsEnd(members[0]) && IsEnd(members[2]) &&
      IsUpward(node.ops[0]) == IsUpward(node.ops[1])) {
    bound(turned(node.ops[0]), members[0]);
    bound(node.ops[1], members[2]);
    return RealSet{members[1].text, {interval}};
  }
  return {};
}

bool AddTo(RealSet* all, RealSet part) {
  if (!all->variable.empty() && !part.variable.empty() && all->variable != part.variable)
    return false;
  if (all->variable.empty()) all->variable = part.variable;
  for (Interval& interval : part.intervals) all->intervals.push_back(std::move(interval));
  return true;
}

// Two one-sided inequalities that both hold.
std::optional<RealSet> Intersection(const RealSet& a, const RealSet& b) {
  if (a.variable != b.variable || a.intervals.size() != 1 || b.intervals.size() != 1) return {};
  const Interval& first = a.intervals[0];
  const Interval& second = b.intervals[0];
  const bool first_low = InfinitySign(first.low) == 0;
  const bool second_low = InfinitySign(second.low) == 0;
  if (first_low == second_low || (InfinitySign(first.high) == 0) == first_low ||
      (InfinitySign(second.high) == 0) == second_low) {
    return {};
  }
  const Interval& low = first_low ? first : second;
  const Interval& high = first_low ? second : first;
  return RealSet{a.variable, {{low.low, high.high, low.low_closed, high.high_closed}}};
}

std::optional<RealSet> ListSet(const Node& node) {
  if (node.ops == std::string(1, kAnd)) {
    const std::optional<RealSet> first = InequalitySet(node.children[0]);
    const std::optional<RealSet> second = InequalitySet(node.children[1]);
    if (!first || !second) return {};
    return Intersection(*first, *second);
  }
  if (node.ops.find_first_not_of(kOr) != std::string::npos) return {};
  RealSet all;
  for (const Node& child : node.children) {
    std::optional<RealSet> part = IsRealSet(child) ? AsRealSet(child) : std::nullopt;
    if (!part || !AddTo(&all, *std::move(part))) return {};
  }
  return all;
}

// Sorted and joined; false when the ends cannot be ordered.
bool Normalize(RealSet* set, Budget* budget) {
  std::vector<Interval> sorted;
  for (Interval& interval : set->intervals) {
    const std::optional<int> order = Order(interval.low, interval.high, budget);
    if (!order) return false;
    if (*order > 0 || (*order == 0 && !(interval.low_closed && interval.high_closed)))
      return false;  // it holds nothing: nobody means that
    if (InfinitySign(interval.low) != 0) interval.low_closed = false;
    if (InfinitySign(interval.high) != 0) interval.high_closed = false;
    size_t at = sorted.size();
    while (at > 0) {
      const std::optional<int> before = Order(interval.low, sorted[at - 1].low, budget);
      if (!before) return false;
      if (*before > 0 || (*before == 0 && !interval.low_closed)) break;
      --at;
    }
    sorted.insert(sorted.begin() + static_cast<std::ptrdiff_t>(at), std::move(interval));
  }
  std::vector<Interval> joined;
  for (Interval& next : sorted) {
    if (!joined.empty()) {
      Interval& last = joined.back();
      const std::optional<int> gap = Order(last.high, next.low, budget);
      if (!gap) return false;
      if (*gap > 0 || (*gap == 0 && (last.high_closed || next.low_closed))) {
        const std::optional<int> longer = Order(next.high, last.high, budget);
        if (!longer) return false;
        if (*longer > 0) {
          last.high = std::move(next.high);
          last.high_closed = next.high_closed;
        } else if (*longer == 0) {
          last.high_closed = last.high_closed || next.high_closed;
        }
        continue;
      }
    }
    joined.push_back(std::move(next));
  }
  set->intervals = std::move(joined);
  return true;
}

}  // namespace

bool IsRealSet(const Node& node) {
  switch (node.kind) {
    case NodeKind::kUnion:
    case NodeKind::kReals:
      return true;
    case NodeKind::kMember:
      return node.children[1].kind != NodeKind::kSet;
    case NodeKind::kRelation:
      return InequalitySet(node).has_value();
    case NodeKind::kBrackets:
      return node.children.size() == 2 && node.text != "()" && node.text != "<>";
    case NodeKind::kList:
      return std::all_of(node.children.begin(), node.children.end(), IsRealSet) &&
             ListSet(node).has_value();
    default:
      return false;
  }
}

std::optional<RealSet> AsRealSet(const Node& node) {
  if (std::optional<Interval> interval = BracketInterval(node))
    return RealSet{"", {*std::move(interval)}};
  switch (node.kind) {
    case NodeKind::kReals:
      return RealSet{"", {{Infinity(-1), Infinity(1), false, false}}};
    case NodeKind::kMember: {
      std::optional<RealSet> set = AsRealSet(node.children[1]);
      if (!set || node.children[0].kind != NodeKind::kSymbol) return {};
      set->variable = node.children[0].text;
      return set;
    }
    case NodeKind::kUnion: {
      RealSet all;
      for (const Node& child : node.children) {
        std::optional<RealSet> part = AsRealSet(child);
        if (!part || !AddTo(&all, *std::move(part))) return {};
      }
      return all;
    }
    case NodeKind::kSet: {
      RealSet points;
      for (const Node& child : node.children) {
        if (!IsEnd(child)) return {};
        points.intervals.push_back({child, child, true, true});
      }
      return points;
    }
    case NodeKind::kRelation:
      return InequalitySet(node);
    case NodeKind::kList:
      return ListSet(node);
    default:
      return {};
  }
}

Equality RealSetsEqual(RealSet gold, RealSet answer, Budget* budget) {
  if (!gold.variable.empty() && !answer.variable.empty() && gold.variable != answer.variable)
    return Equality::kDifferent;
  if (gold.intervals.size() > kMaxIntervals || answer.intervals.size() > kMaxIntervals)
    return Equality::kTooCostly;
  if (!Normalize(&gold, budget) || !Normalize(&answer, budget)) return Equality::kUndecided;
  if (gold.intervals.size() != answer.intervals.size()) return Equality::kDifferent;
  for (size_t i = 0; i < gold.intervals.size(); ++i) {
    const Interval& a = gold.intervals[i];
    const Interval& b = answer.intervals[i];
    if (a.low_closed != b.low_closed || a.high_closed != b.high_closed) return Equality::kDifferent;
    for (const auto& [mine, other] : {std::pair(&a.low, &b.low), std::pair(&a.high, &b.high)}) {
      const Equality same = QuantitiesEqual(*mine, *other, budget);
      if (same != Equality::kEqual) return same;
    }
  }
  return Equality::kEqual;
}

}  // namespace cohort
