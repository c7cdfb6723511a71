#include "libs/scoring/language_guess.h"

// CLD2's header uses encodings and FILE without including them, so that the order counts.
// clang-format off
#include <cstdio>
#include <cld2/public/encodings.h>
#include <cld2/public/compact_lang_det.h>
// clang-format on

#include <algorithm>
#include <array>
#include <string>

namespace cohort {
namespace {

std::string_view Detect(std::string_view text, std::string_view hint) {
  constexpr int kBestEffort = 0x4000;  // CLD2's kCLDFlagBestEffort: an answer for short text too
  const CLD2::CLDHints hints = {nullptr, nullptr, CLD2::UNKNOWN_ENCODING,
                                CLD2::GetLanguageFromName(std::string(hint).c_str())};
  CLD2::Language top[3];
  int percent[3];
  double scores[3];
  int text_bytes = 0;
  bool reliable = false;
  const CLD2::Language language = CLD2::ExtDetectLanguageSummary(
      text.data(), static_cast<int>(text.size()), /*is_plain_text=*/true, &hints, kBestEffort, top,
      percent, scores, /*resultchunkvector=*/nullptr, &text_bytes, &reliable);
  if (language == CLD2::UNKNOWN_LANGUAGE) return {};
  const std::string_view code = CLD2::LanguageCode(language);
  return code == "iw" ? "he" : code;
}

// Between these CLD2 gives the hint whatever it asks for.
bool AreClose(std::string_view one, std::string_view other) {
  constexpr std::array<std::array<std::string_view, 4>, 4> kFamilies = {
      {{"es", "pt", "gl", "ca"}, {"sv", "no", "nn", "da"}, {"id", "ms"}, {"cs", "sk"}}};
  return std::ranges::any_of(kFamilies, [&](const auto& family) {
    return std::ranges::count(family, one) > 0 && std::ranges::count(family, other) > 0;
  });
}

}  // namespace

std::string_view GuessLanguage(std::string_view text, std::string_view expected) {
  const std::string_view guess = Detect(text, {});
  if (expected.empty() || guess == expected || AreClose(guess, expected)) return guess;
  return Detect(text, expected);
}

}  // namespace cohort
