// Fenced blocks of a completion, and the program among them. Pure; linear in the text.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace cohort {

// A block between fences (``` or ~~~ on lines of their own).
struct FencedBlock {
  std::string_view says;  // behind the opening fence, without white space around
  std::string_view text;
  size_t begin = 0;  // where its opening fence's line begins
};

// In order. A block that is not closed was cut off and does not count.
std::vector<FencedBlock> FencedBlocks(std::string_view text);

// What stands in the last fenced block that names one of these languages; where no block does, in
// the last one that names none. Nothing when there is no such block.
std::optional<std::string_view> LastCodeBlock(std::string_view text,
                                              std::span<const std::string_view> languages);

}  // namespace cohort
