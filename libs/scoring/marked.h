// Math and code that stand between marks: the first step of taking prose out of a text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cohort {

// Stands for each removed piece, between spaces: U+FFFC.
inline constexpr std::string_view kRemovedPiece = "\xEF\xBF\xBC";

void AppendRemovedPiece(std::string& out);

// Behind the brace, bracket or parenthesis that closes the one at `at`, both inside; nothing if
// none does within `reach` bytes.
std::optional<size_t> BehindGroup(std::string_view text, size_t at, size_t reach);

// The text with a removed piece for each fenced block (an open one runs to the end), inline code,
// $…$, $$…$$, \(…\), \[…\], LaTeX environment, and LaTeX command with its arguments. A dollar opens
// math by pandoc's rule: no space behind it, none before the closing one and no digit behind that,
// so that prices stay. Marks that nothing closes nearby stay as they are. `text` must be valid
// UTF-8, and so is the result. Pure; linear in the text, for marks without a partner too.
std::string WithoutMarked(std::string_view text);

}  // namespace cohort
