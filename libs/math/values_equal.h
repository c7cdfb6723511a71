// Are two values the same? A ladder from the cheap to the dear, exact on every rung.
//
//   1. the same tree;
//   2. rational numbers; with variables, rational functions at several exact points;
//   3. balls that do not touch: different, for certain (ball_domain.h);
//   4. algebraic numbers, where π and other constants stand for themselves: equal
//      (algebraic_domain.h);
//   5. balls at rising precision. Constants that still touch are undecided. Functions of variables
//      are equal when their balls touch at every point, are narrow there, and nothing that they are
//      written with can hide below that precision (precision.h); else undecided.
//
// Costs are estimated and counted (budget.h), never measured. Pure functions, safe in any thread.
#pragma once

#include "libs/math/budget.h"
#include "libs/math/node.h"

namespace cohort {

enum class Equality {
  kEqual,
  kDifferent,
  kUndecided,  // not told apart at the highest precision, and not proved equal
  kUndefined,  // one of them has no value
  kTooCostly,
};

Equality ValuesEqual(const Node& gold, const Node& answer, Budget* budget);

// Whether the answer, rounded at the last digit of this decimal number, is it: within half a unit
// of that digit, both ends included.
bool RoundsTo(const Node& decimal, const Node& answer, Budget* budget);

// Whether a is below b, for real constants; nothing known is false.
bool CertainlyLess(const Node& a, const Node& b, Budget* budget);

// Whether `a` is a constant other than 0 times `b`, as functions of their variables; `positive`:
// times a constant above 0.
Equality Proportional(const Node& a, const Node& b, bool positive, Budget* budget);

// Whether it certainly has no value, as 1/0 or (-1)!; a function, wherever it is tried.
bool IsUndefined(const Node& node, Budget* budget);

}  // namespace cohort
