// The prose of a model's text: what is left when math and code are taken away.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cohort {

// What lies behind so many bytes of a text is not read.
inline constexpr size_t kProseBytes = size_t{1} << 20;

// Stands for each removed piece, between spaces: U+FFFC.
inline constexpr std::string_view kRemovedPiece = "\xEF\xBF\xBC";

// The text without math and code, as valid UTF-8 (what is no UTF-8 becomes U+FFFD). Removed are,
// each replaced by kRemovedPiece:
//   - math: $…$ (by pandoc's rule, so that prices stay), $$…$$, \(…\), \[…\], LaTeX environments
//   and
//     commands with their arguments, words with operators in them (x^2, v=s/t), the names of the
//     elementary functions (sin, log), units behind a number (5 km);
//   - code: fenced blocks (an open one runs to the end), inline code, calls (f(x), len(nums)),
//   indexed
//     and dotted names, identifiers by their form (under_score, camelCase, letters with digits),
//     tags, options (--flag), URLs, mail addresses and paths of files.
// Single letters and numbers stay; whoever counts words leaves them out. Code without a fence is
// taken for prose but for its identifiers. Reads kProseBytes at most; pure; time linear in the
// text: each search for a closing mark ends after a fixed number of bytes.
std::string ProseOf(std::string_view text);

}  // namespace cohort
