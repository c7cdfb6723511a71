// Rows of data: prompts with their answers, and demonstrations. One JSON object a line.
//
//   {"prompt": "What is 3 + 4?", "answer": 7, "id": "sum-3-4"}
//   {"messages": [{"role": "user", "content": "…"}], "answer": "7"}
//   {"prompt": "…", "completion": "…"}                                    (demonstration)
//   {"messages": [{"role": "user", …}, {"role": "assistant", …}]}         (demonstration)
//
// Other keys of a prompt go with it to the scorers, at most 1 MiB of them; empty lines are passed
// over (they do not count as rows). Failures name file:line and the cure. Pure but for reading the
// file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

struct PromptMessage {
  std::string role;  // system, user, assistant
  std::string content;
  bool operator==(const PromptMessage&) const = default;
};

struct PromptRow {
  uint64_t row = 0;                     // from 0, in the order of the file
  int64_t line = 0;                     // from 1
  std::string id;                       // empty: none given
  std::vector<PromptMessage> messages;  // a "prompt" is one message of the user; never empty
  std::string answer;                   // a number keeps the digits of the file
  std::string columns;                  // the other keys, a JSON object; empty: there are none
};

struct Demonstration {
  uint64_t row = 0;
  int64_t line = 0;
  std::vector<PromptMessage> messages;  // before the completion; never empty
  std::string completion;               // never empty
};

// All rows, or the first problem. A file without rows is a problem.
Result<std::vector<PromptRow>> ReadPromptFile(const std::filesystem::path& path);
Result<std::vector<Demonstration>> ReadDemonstrationFile(const std::filesystem::path& path);

// A number as an answer keeps the file's own digits: 0.10 is not 0.1, and 12345678901234567890 fits
// into no integer. So the answer's text is cut out of the line (a JSON object) itself; nothing when
// its "answer" is no number.
std::optional<std::string> AnswerDigits(std::string_view line);

// One line as an object. Fails for what is none, and for what nests deeper than json_text.h allows.
Result<nlohmann::json> ReadRow(const std::string& line);

// The keys of such a line that go with it to the scorers, as a JSON object, to the letter: all but
// the known ones of a prompt and `also`; empty where there are none. Fails where they are too many
// bytes.
Result<std::string> OtherColumns(std::string_view line,
                                 const std::vector<std::string_view>& also = {});

// The same for `cohort validate`: the good rows, and one line for each problem.
std::vector<PromptRow> ReadPromptFile(const std::filesystem::path& path,
                                      std::vector<std::string>& problems);
std::vector<Demonstration> ReadDemonstrationFile(const std::filesystem::path& path,
                                                 std::vector<std::string>& problems);

}  // namespace cohort
