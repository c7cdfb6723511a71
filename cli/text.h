// Small pieces of text for people. Pure.
#pragma once

#include <string>
#include <string_view>

namespace cohort {

std::string Fixed(double value, int digits);  // "0.125"; "-" when it is not finite
std::string Age(double seconds);              // "0.4 s", "12 s", "3 min 20 s", "2 h 5 min"
// What is done for a task: "9f/1/42/3: testing since 3 min 20 s". Visible; the phase is a peer's.
std::string PhaseText(const std::string& task, std::string_view phase, double since_seconds);
// What would drive a terminal, turn the direction of writing or is no UTF-8 becomes visible: \x1b,
// \u{202e}. Line breaks and tabs stay.
std::string Visible(std::string_view text);
// Visible, every line with `indent` before it.
std::string Indented(std::string_view text, std::string_view indent);
// At most `columns` characters (UTF-8), the last one "…" when something was cut off.
std::string Shortened(std::string_view text, size_t columns);
std::string Padded(std::string text, size_t columns);  // with blanks behind

}  // namespace cohort
