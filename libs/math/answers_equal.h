// Are two answers the same: values, and all that is made of them, by docs/math_equality.md.
// Not symmetric: the gold says what was asked.
#pragma once

#include "libs/math/budget.h"
#include "libs/math/node.h"
#include "libs/math/values_equal.h"

namespace cohort {

Equality AnswersEqual(const Node& gold, const Node& answer, Budget* budget);

}  // namespace cohort
