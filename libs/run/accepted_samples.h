// Rejection sampling: what a run drew and judged (rows of samples.jsonl), as demonstrations for
// SFT.
//
// A sample is accepted when it fits the rules, was graded, ended by itself and says something. Each
// becomes a line that ReadDemonstrationFile reads: the conversation of its row as the data file has
// it (not as the chat template wrote it), the completion, and where it comes from:
//
//   {"prompt": "…", "completion": "…", "id", "row", "row_id", "purpose", "route", "stage_index",
//    "step", "version", "versions", "reward", "correct", "components", "evidence"}
//
// A conversation of more than one message is written as "messages" that end with the assistant's.
// Same rules, samples and rows give the same bytes, in whatever order the samples came.
// Values; nothing here touches a file.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "libs/base/status.h"
#include "libs/run/prompt_file.h"

namespace cohort {

struct AcceptanceRules {
  bool right = false;                     // only those that are correct
  std::optional<double> min_reward = {};  // only those with this reward or a higher one
  int64_t per_prompt = 0;                 // at most, the highest rewards first; 0: all
};

// Where the prompt of a sample stands: row `row` of the file that the route trains on, or of the
// evaluation's.
struct SampleOrigin {
  bool evaluation = false;
  std::string route;
  uint64_t row = 0;
  auto operator<=>(const SampleOrigin&) const = default;
};

// The data files and the tokenizer of a run.
class SampleSource {
 public:
  virtual ~SampleSource() = default;
  struct Row {
    PromptRow row;
    std::string text;   // as the model saw it: what samples.jsonl has as "prompt"
    std::string place;  // file:line
  };
  // Fails where the file is missing or has no such row.
  virtual Result<Row> Find(const SampleOrigin& origin) = 0;
  // Whether the tokenizer gives this completion back. One that spells a special token would not be
  // what the model wrote.
  virtual bool Repeats(const std::string& completion) = 0;
};

struct AcceptanceReport {
  int64_t samples = 0;  // all that were considered = the sum of the others, prompts apart
  int64_t accepted = 0;
  int64_t rejected = 0;    // by the rules, or without a grade
  int64_t cut_off = 0;     // fit the rules, but ended at the limit of tokens
  int64_t unfit = 0;       // … but are empty, or the tokenizer does not give them back
  int64_t duplicates = 0;  // … but say the same to the same row
  int64_t surplus = 0;     // … beyond per_prompt
  int64_t prompts = 0;     // rows that samples were drawn for
  int64_t prompts_accepted = 0;
};

class AcceptedSamples {
 public:
  explicit AcceptedSamples(const AcceptanceRules& rules) : rules_(rules) {}

  // A row of samples.jsonl. One with parts missing or of another type is rejected.
  void Consider(const nlohmann::json& sample);

  struct Demonstrations {
    std::string lines;  // JSONL; empty: nothing was accepted
    AcceptanceReport report;
  };
  // Once. Fails where a row is not the one that the sample was drawn for: the data has changed.
  Result<Demonstrations> Finish(SampleSource& source);

 private:
  struct Candidate {
    double reward = 0;
    std::string completion, prompt, truth, id;
    nlohmann::json evidence_of;  // the keys that are passed on as they are
    // The highest reward first; then an order that has nothing to do with what is said.
    std::tuple<double, const std::string&, const std::string&> rank() const {
      return {-reward, id, completion};
    }
  };
  std::optional<Candidate> Judge(const nlohmann::json& sample);

  const AcceptanceRules rules_;
  AcceptanceReport report_;
  std::map<SampleOrigin, std::vector<Candidate>> candidates_;  // also of rows without any
};

}  // namespace cohort
