// What only a whole group can say of its members, added to their rewards once it is complete. Pure.
#pragma once

#include "learner/group_assembly.h"
#include "libs/config/config.h"

namespace cohort {

// The name of the component that ShapeGroup adds.
inline constexpr char kGroupLengthComponent[] = "group_length";

// Where the route gives length a weight, adds Kimi's length value (libs/scoring/shape.h) to each
// scored member, as a component of its own; right is what counts for pass@1. Members without a
// score are no part of it. Members are replaced, not changed.
void ShapeGroup(const RouteConfig& route, Group& group);

}  // namespace cohort
