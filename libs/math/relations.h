// Equations, inequalities, and what they say of a name.
#pragma once

#include <optional>
#include <string>

#include "libs/math/budget.h"
#include "libs/math/node.h"
#include "libs/math/values_equal.h"

namespace cohort {

// "x = 5", "f(x) = 2x", "5 = x", "x = 2 + 3 = 5": a name and its value.
struct Named {
  std::string name;
  Node value;
};

// Nothing when it is no relation of that kind; chains must agree in all members. `budget` pays for
// that.
std::optional<Named> AsNamed(const Node& node, Budget* budget);

// The last member of a chain of equal values without a name, as 2 + 3 = 5; nothing when they differ
// or when it is no such chain.
std::optional<Node> AsChainValue(const Node& node, Budget* budget);

// As equations or inequalities of several variables: one is the other times a number.
Equality RelationsEqual(const Node& gold, const Node& answer, Budget* budget);

}  // namespace cohort
