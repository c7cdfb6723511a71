// Reads JSON as text, where a tree would cost too much or lose something: how deep it nests, and
// what the members of an object say, to the letter. Pure; linear; no recursion.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace cohort {

// The deepest nesting of lists and objects; texts are passed over. Of any bytes, JSON or not.
size_t JsonNesting(std::string_view text);

// What lies deeper than this is refused wherever rows are read: trees of JSON are walked by
// recursion in many places, in other languages too.
inline constexpr size_t kMostJsonNesting = 64;

struct JsonMember {
  std::string_view key;    // with its quotes and escapes
  std::string_view value;  // as it is written, without white space around
};
// The members of an object, in order. `object` must be valid JSON.
std::vector<JsonMember> JsonMembers(std::string_view object);

}  // namespace cohort
