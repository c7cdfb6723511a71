// Where mathematics between marks ends in a text: $…$, $$…$$, \(…\), \[…\].
#pragma once

#include <cstddef>
#include <string_view>

namespace cohort {

// The position behind the mathematics that begins at `at`; `at` itself when none begins there or it
// is not closed. A $ opens by pandoc's rule, so that prices stay: no white space behind it, none
// before the closing one and no digit behind that, and no empty line between them. Asked at every
// position of a text, it is linear in the text: a search ends at the next mark of its kind.
size_t EndOfMarked(std::string_view text, size_t at);

}  // namespace cohort
