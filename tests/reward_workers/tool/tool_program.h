// `cohort score` and `cohort scorer` as a user runs them.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cli/cohort_program.h"

namespace cohort {

struct ScoreResult {
  int code = -1;
  std::string err;
  std::vector<nlohmann::json> verdicts;
};

inline std::vector<nlohmann::json> Lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(nlohmann::json::parse(text.substr(begin, end - begin), nullptr, false));
    begin = end + 1;
  }
  return lines;
}

// `cohort score WORDS` over these rows.
inline ScoreResult Score(const std::string& words, const std::vector<std::string>& rows) {
  const TestFolder folder;
  std::string text;
  for (const std::string& row : rows) text += row + "\n";
  const ProgramResult result =
      RunCohort("score " + words + " --in " + folder.Write("rows.jsonl", text));
  return {result.code, result.err, Lines(result.out)};
}

}  // namespace cohort
