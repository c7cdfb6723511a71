// Values that stand for variables and for constants without an exact form, chosen by name.
//
// The same name has the same value at the same point, so that two expressions which are equal for
// algebraic reasons are equal at every point; two that differ are equal at a point by accident only
// (Schwartz and Zippel), and several points are tried: of both signs and of several scales, since
// |x − 5| is 5 − x for every small x.
#pragma once

#include <cstdint>
#include <string_view>

#include "libs/math/rational.h"

namespace cohort {

// Points are numbered by a seed and a count; at every one of the second kind all variables are
// small integers, for expressions such as (−1)^n that have no value between them.
uint64_t FractionPoint(uint64_t seed, uint64_t count);
uint64_t IntegerPoint(uint64_t seed, uint64_t count);
uint64_t SmallIntegerPoint(uint64_t seed, uint64_t count);  // up to 12

// Of a variable: not 0, up to 10^7 in size.
Rational PointValue(std::string_view name, uint64_t point);

// Of a constant that stands for itself, such as π: between 0 and 4, never an integer of few bits.
Rational StandInValue(std::string_view name, uint64_t point);

}  // namespace cohort
