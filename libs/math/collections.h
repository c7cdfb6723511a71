// Answers of several values: lists, sets, a ± b, points that name their coordinates.
#pragma once

#include <optional>
#include <vector>

#include "libs/math/budget.h"
#include "libs/math/node.h"
#include "libs/math/relations.h"
#include "libs/math/values_equal.h"

namespace cohort {

// A list, a set, or whatever has a ± inside.
bool IsCollection(const Node& node);

// "x ∈ {1, 2}" as the list "x = 1, x = 2"; nothing for another thing than a name in a finite set.
std::optional<Node> AsListOfMembers(const Node& node);

// The members of a point or a vector; nothing for another thing.
std::optional<std::vector<Node>> AsTuple(const Node& node);

// Sorted by name, and every name is another one.
using NamedValues = std::vector<Named>;

// The coordinates of "(x, y) = (1, 2)"; nothing for another thing.
std::optional<NamedValues> AsNamedTuple(const Node& node, Budget* budget);
Equality NamedPointsEqual(const NamedValues& gold, const NamedValues& answer, Budget* budget);

std::vector<Node> ValuesOf(const NamedValues& named);

// Member by member; a certain difference decides before an open question does.
Equality InOrder(const std::vector<Node>& gold, const std::vector<Node>& answer, Budget* budget);

// Where at least one side is a collection.
Equality CollectionsEqual(const Node& gold, const Node& answer, Budget* budget);

}  // namespace cohort
