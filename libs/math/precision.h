// What must be known of an expression before touching balls may be taken as equality. Pure.
#pragma once

#include "libs/math/node.h"

namespace cohort {

// How many bits the numbers of an expression may be apart in size: the bits of its literals, times
// its constant exponents. What is written with so many bits cannot hide a difference below them.
// Capped at kTooManyBits.
inline constexpr long kTooManyBits = 1'000'000;
long LiteralBits(const Node& node);

// Whether it may be large or small beyond its literals: e^x, x^n, high powers, sinh, factorials.
bool HasGrowth(const Node& node);

// Whether it is another expression at integers than between them: floors, greatest divisors.
bool IsRounded(const Node& node);

// Whether it may vanish at integers without being nothing: sin(πx), and any other function that is
// no logarithm, exponential or product.
bool IsTrigonometric(const Node& node);

// Whether a few points speak for all: no absolute values, roundings, roots or inverse functions,
// which are one expression here and another one there.
bool IsSmooth(const Node& node);

}  // namespace cohort
