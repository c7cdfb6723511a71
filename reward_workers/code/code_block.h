// The program in a completion. Pure; linear in the text.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace cohort {

// What stands in the last fenced block (``` or ~~~ on a line of its own) that names one of these
// languages; where no block does, in the last one that names none. Nothing when there is no such
// block. A block that is not closed was cut off and does not count.
std::optional<std::string_view> LastCodeBlock(std::string_view text,
                                              std::span<const std::string_view> languages);

}  // namespace cohort
