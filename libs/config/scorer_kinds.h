// The kinds of scorers, named once for loading, checking, making and documenting them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cohort {

// In the order in which people read them.
inline std::vector<std::string_view> ScorerKinds() {
  return {"exact", "numeric", "format", "clean_stop", "length", "soft_overlong", "repetition"};
}

// "exact, numeric, … or repetition"
inline std::string ScorerKindsInWords() {
  const std::vector<std::string_view> kinds = ScorerKinds();
  std::string words;
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (i > 0) words += i + 1 < kinds.size() ? ", " : " or ";
    words += kinds[i];
  }
  return words;
}

}  // namespace cohort
