// What stands around an answer without meaning. Pure functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace cohort {

// Without white space, math delimiters, \boxed{}, \mathbf{} and the like around all of it, without
// an equals sign before it and a full stop behind it.
std::string_view WithoutWrapping(std::string_view text);

// The position behind the brace that closes the one at `open`; npos when there is none.
size_t MatchingBrace(std::string_view text, size_t open);

}  // namespace cohort
