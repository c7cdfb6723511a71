#include "cli/text.h"

#include <cmath>
#include <cstdio>

namespace cohort {
namespace {

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

size_t Columns(std::string_view text) {
  size_t columns = 0;
  for (const char c : text) columns += BeginsCharacter(c) ? 1 : 0;
  return columns;
}

}  // namespace

std::string Fixed(double value, int digits) {
  if (!std::isfinite(value)) return "-";
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f", digits, value);
  return buffer;
}

std::string Age(double seconds) {
  if (seconds < 10) return Fixed(seconds, 1) + " s";
  const auto whole = static_cast<long long>(seconds);
  if (whole < 120) return std::to_string(whole) + " s";
  if (whole < 7200) {
    return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  }
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

std::string Indented(std::string_view text, std::string_view indent) {
  std::string out(indent);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\n" + std::string(indent);
    } else if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
      char visible[8];
      std::snprintf(visible, sizeof(visible), "\\x%02x", byte);
      out += visible;
    } else {
      out += c;
    }
  }
  return out;
}

std::string Shortened(std::string_view text, size_t columns) {
  if (Columns(text) <= columns) return std::string(text);
  size_t end = 0;
  for (size_t seen = 0; end < text.size(); ++end) {
    if (BeginsCharacter(text[end]) && ++seen == columns) break;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string Padded(std::string text, size_t columns) {
  const size_t used = Columns(text);
  if (used < columns) text.append(columns - used, ' ');
  return text;
}

}  // namespace cohort
