// Values with their units: percent, degrees, measures, things counted.
#pragma once

#include "libs/math/budget.h"
#include "libs/math/node.h"
#include "libs/math/values_equal.h"

namespace cohort {

struct Quantity {
  Node value;
  Unit unit;
};

// The value and the unit at its end: of -30^\circ, 2\pi\%, 5 cm.
Quantity AsQuantity(const Node& node);

// +1 for infinity, −1 for minus infinity, else 0.
int InfinitySign(const Node& node);

// By the conventions of docs/math_equality.md for units, percent, bases and decimals that are
// rounded. Both are values or quantities.
Equality QuantitiesEqual(const Node& gold, const Node& answer, Budget* budget);

}  // namespace cohort
