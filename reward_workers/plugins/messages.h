// What a reward worker and a scorer process say to each other, as JSON objects (docs/scorers.md).
// Reading validates: whatever a scorer sends becomes one of these types or a Status.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/base/status.h"
#include "libs/scoring/verdict.h"
#include "reward_workers/scorer.h"

namespace cohort {

inline constexpr int kScorerProtocol = 1;

// The scorer is up.
struct ReadyMessage {
  std::string version;  // of the scorer: a digest, or what its author says
  bool wants_completion_ids = false;
  bool wants_prompt_ids = false;
  std::vector<std::string> needs;  // columns that a row must have
};
// It cannot start.
struct FailedMessage {
  std::string detail;
};
struct VerdictMessage {
  uint64_t id = 0;
  Verdict verdict;
};
// It failed on this rollout and goes on.
struct ErrorMessage {
  uint64_t id = 0;
  std::string detail;
};
using ScorerMessage = std::variant<ReadyMessage, FailedMessage, VerdictMessage, ErrorMessage>;

Result<ScorerMessage> ReadScorerMessage(std::string_view json);

// A verdict object as every tier writes it: {"value": number | null, "detail": "…"} or
// {"unparseable": true, "detail": "…"}. Fails for what is none, such as a value that is not finite.
Result<Verdict> ReadVerdict(std::string_view json);

// {"verdicts": [verdict, …]}, as many as there were tasks; each may be bad by itself.
Result<std::vector<Result<Verdict>>> ReadVerdicts(std::string_view json, size_t count);

// The fields of a rollout for a scorer, without an id: a JSON object. `prompt` is the prompt's
// text.
std::string ScoreFields(const std::string& scorer, const ScoreRequest& request,
                        const std::string& prompt, bool completion_ids, bool prompt_ids);

// The same with its type and id in front.
std::string ScoreMessage(uint64_t id, std::string_view fields);

}  // namespace cohort
