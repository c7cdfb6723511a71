// Pieces of text that the readers of logs share. Pure; nothing is copied unless it says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cohort {

// A copy without what colours a terminal or moves its cursor (ECMA-48 escape sequences).
std::string WithoutEscapes(std::string_view text);

// The lines of a text, without their ends ("\n", "\r\n"). The last one may have none.
class LogLines {
 public:
  explicit LogLines(std::string_view text) : rest_(text) {}
  std::optional<std::string_view> Next();

 private:
  std::string_view rest_;
};

std::string_view TrimmedRight(std::string_view text);  // no blanks and tabs behind it
size_t Indent(std::string_view line);                  // blanks in front
bool Contains(std::string_view text, std::string_view part);

// Take it off the front, or the end, where it is there.
bool Take(std::string_view& text, std::string_view front);
bool TakeEnd(std::string_view& text, std::string_view end);
std::optional<uint64_t> TakeNumber(std::string_view& text);  // decimal digits that fit

// Takes a time such as "0.05": digits, and a point with digits where there is one.
bool TakeSeconds(std::string_view& text);

}  // namespace cohort
