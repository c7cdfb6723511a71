// The kinds of scorers, named once for loading, checking, making and documenting them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cohort {

// In the order in which people read them.
inline std::vector<std::string_view> ScorerKinds() {
  return {"exact",         "numeric", "math",       "format",   "clean_stop", "length",
          "soft_overlong", "cosine",  "repetition", "language", "python",     "process",
          "library",       "http",    "judge",      "code",     "swe",        "patch_similarity"};
}

// The kinds among them that ask another process: a child, or a service.
inline std::vector<std::string_view> ChildKinds() { return {"python", "process", "library"}; }
inline std::vector<std::string_view> ServiceKinds() { return {"http", "judge"}; }
// The kinds that do not judge on the worker's own thread.
inline std::vector<std::string_view> OutsideKinds() {
  return {"python", "process", "library", "http", "judge", "code", "swe", "patch_similarity"};
}
// The kinds that run code of the user's own.
inline std::vector<std::string_view> PluginKinds() {
  return {"python", "process", "library", "http"};
}

// The kinds that run what models write, in a sandbox.
inline std::vector<std::string_view> SandboxKinds() { return {"code", "swe"}; }

// The kinds that judge patches of a project.
inline std::vector<std::string_view> PatchKinds() { return {"swe", "patch_similarity"}; }

// How kind "code" gives credit and compares outputs, and what it demands of the sandbox.
inline std::vector<std::string_view> CodeCredits() { return {"all", "fraction", "subtasks"}; }
inline std::vector<std::string_view> OutputMatches() {
  return {"exact", "lines", "tokens", "floats"};
}
inline std::vector<std::string_view> SandboxDemands() { return {"full", "any"}; }

// How kind "judge" asks.
inline std::vector<std::string_view> JudgeComparisons() { return {"pointwise", "pairwise"}; }

// How kind "python" calls its function.
inline std::vector<std::string_view> PythonStyles() { return {"auto", "trl", "verl", "cohort"}; }

// How kind "format" judges.
inline std::vector<std::string_view> FormatVariants() {
  return {"strict", "strict_or_empty", "lenient", "tags"};
}

// What kind "language" can look for, by ISO 639-1 code: libs/scoring/language.h tells them apart.
inline std::vector<std::string_view> ScorerLanguages() {
  return {"en", "zh", "ar", "cs", "de", "el", "es", "fi", "fr", "he", "hi", "hu",
          "id", "it", "ja", "ko", "nl", "pl", "pt", "ru", "sv", "th", "tr", "vi"};
}

// "exact, numeric, … or patch_similarity"
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
