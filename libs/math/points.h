// Values that stand for variables and for constants without an exact form, chosen by name.
//
// The same name has the same value at the same point, so that two expressions which are equal for
// algebraic reasons are equal at every point; two that differ are equal at a point by accident only
// (Schwartz and Zippel), and several points are tried.
#pragma once

#include <cstdint>
#include <string_view>

#include "libs/math/rational.h"

namespace cohort {

// Between −4 and 4, not 0, of about 20 bits; positive when `positive`.
Rational PointValue(std::string_view name, uint64_t point, bool positive);

}  // namespace cohort
