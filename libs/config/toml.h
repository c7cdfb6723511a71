// toml++ 3.3 (Debian's), made safe for files of any bytes. For the few files that read TOML.
//
// Fuzzing found two ways in which a malformed file ends the process or leaves it undefined, where
// the library's own code would go on to report an error:
//   - "[{" fails an assertion. Assertions are left out; NDEBUG would make assumptions of them.
//   - Its table of blanks takes the characters U+FC66 to U+FEFE for impossible ones
//     (__builtin_unreachable). They are no blanks.
#pragma once

#undef NDEBUG
#define TOML_ASSERT(condition) static_assert(true)
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1

#include <toml++/impl/forward_declarations.h>

#pragma push_macro("TOML_UNREACHABLE")
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE return false
#include <toml++/impl/unicode.h>
#pragma pop_macro("TOML_UNREACHABLE")

#include <toml++/toml.h>
