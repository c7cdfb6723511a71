// Sets of real numbers: intervals, inequalities of one variable, unions of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/math/budget.h"
#include "libs/math/node.h"
#include "libs/math/values_equal.h"

namespace cohort {

struct Interval {
  Node low;  // a real constant, or minus infinity
  Node high;
  bool low_closed = false;
  bool high_closed = false;
};

struct RealSet {
  std::string variable;  // empty: not said
  std::vector<Interval> intervals;
};

// Whether this can be nothing but a set of reals: an inequality, a union, [a,b), x ∈ S, ℝ.
bool IsRealSet(const Node& node);

// Also of "(a,b)", which may be a point as well. Nothing when it is no such set.
std::optional<RealSet> AsRealSet(const Node& node);

// The same numbers: pieces in any order, joined where they touch.
Equality RealSetsEqual(RealSet gold, RealSet answer, Budget* budget);

}  // namespace cohort
