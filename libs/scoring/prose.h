// The prose of a model's text: what is left when math and code are taken away.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cohort {

// What lies behind so many bytes of a text is not read.
inline constexpr size_t kProseBytes = size_t{1} << 20;

// The text without math and code, as valid UTF-8 (what is no UTF-8 becomes U+FFFD). Each piece that
// is taken out leaves a kRemovedPiece (libs/scoring/marked.h):
//   - math and code between marks, as WithoutMarked finds them;
//   - math without: words with operators in them (x^2, v=s/t), the names of the elementary
//     functions (sin, log), units behind a number (5 km);
//   - code without: calls (f(x), len(nums)), indexed and dotted names, identifiers by their form
//     (under_score, camelCase, letters with digits), tags, options (--flag), URLs, mail addresses
//     and paths of files.
// Single letters and numbers stay; whoever counts words leaves them out. A block of code without a
// fence is taken for prose but for its identifiers. Reads kProseBytes at most. Pure; linear in the
// text, since each search for a closing bracket ends after a fixed number of bytes.
std::string ProseOf(std::string_view text);

}  // namespace cohort
