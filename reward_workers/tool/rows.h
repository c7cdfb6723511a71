// Rows for scorers without a run: one JSON object a line.
//
//   {"completion": "… Answer: 42", "answer": "42"}
//
// Optional: "prompt" (text), "finish" ("stop" or "length"), "route", "completion_ids", "prompt_ids"
// (tokens), and for `cohort scorer test` "expected": the value, null where the scorer does not
// apply. "answer" may be left out for scorers that read none. Other columns go to plug-ins, as
// those of a prompt file do.
//
// Rows of a run's samples.jsonl will do: "truth" is their answer, "tokens" their completion_ids.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/protocol/types.h"
#include "reward_workers/scorer.h"

namespace cohort {

struct ScorerRow {
  int64_t line = 0;  // of the file, from 1
  std::string completion;
  std::string prompt;
  Rollout rollout;  // its tokens are empty when the row has none
  bool has_prompt_ids = false;
  bool has_expected = false;
  std::optional<double> expected;  // nothing: not applicable
};

// Failures say what is wrong with the row, without its line.
Result<ScorerRow> ReadScorerRow(const std::string& line, int64_t number);

// A row with these texts, numbered `line`.
ScorerRow MakeScorerRow(int64_t line, std::string completion, std::string answer,
                        std::string prompt = "");

// Fails for a row without the tokens that the scorer reads.
Status CheckTokens(const ScorerRow& row, const Scorer& scorer);

// All rows of a file, or the first problem with its place. A file without rows is a problem.
Result<std::vector<ScorerRow>> ReadScorerRows(const std::filesystem::path& path);

}  // namespace cohort
