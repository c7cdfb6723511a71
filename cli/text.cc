#include "cli/text.h"

#include <cmath>
#include <cstdio>

#include "libs/tokenizer/utf8.h"

namespace cohort {
namespace {

// Controls, and what turns the direction of writing.
bool IsControl(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x61C || (c >= 0x200E && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

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

std::string PhaseText(const std::string& task, std::string_view phase, double since_seconds) {
  return task + ": " + Visible(phase) + " since " + Age(since_seconds);
}

std::string Visible(std::string_view text) {
  std::string out;
  char shown[16];
  for (size_t at = 0; at < text.size();) {
    const Utf8Step step = ReadUtf8(text.substr(at));
    const std::string_view bytes = text.substr(at, step.bytes);
    at += step.bytes;
    const bool plain = bytes == "\n" || bytes == "\t";
    if (step.valid && (plain || !IsControl(step.character))) {
      out += bytes;
    } else if (step.valid && step.character >= 0x80) {
      std::snprintf(shown, sizeof(shown), "\\u{%x}", static_cast<unsigned>(step.character));
      out += shown;
    } else {
      for (const char c : bytes) {
        std::snprintf(shown, sizeof(shown), "\\x%02x", static_cast<unsigned char>(c));
        out += shown;
      }
    }
  }
  return out;
}

std::string Indented(std::string_view text, std::string_view indent) {
  std::string out(indent);
  for (const char c : Visible(text)) {
    out += c;
    if (c == '\n') out += indent;
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
