// The three messages of a rollout's life as types of our own: Prompt → Rollout → Scored.
//
// Decoders (libs/protocol/codec.h) fill them from bytes of a peer and validate; whatever holds one
// of these may trust it. Values; safe to copy between threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/base/ids.h"
#include "libs/scoring/outcome.h"

namespace cohort {

// Numbers are part of the protocol; zero is never valid.
enum class Purpose : uint8_t { kTrain = 1, kEval = 2, kSample = 3 };
enum class FinishReason : uint8_t {
  kStop = 1,    // the model wrote a stop token (it is the completion's last token)
  kLength = 2,  // max_new_tokens, or the model's context, was reached
};
std::string_view FinishReasonName(FinishReason reason);  // "stop", "length"

struct SamplingParams {
  double temperature = 1.0;  // > 0; 0 means greedy (evaluation only)
  double top_p = 1.0;        // in (0, 1]; below 1 for evaluation only
  uint32_t max_new_tokens = 16;
  std::vector<int32_t> stop_tokens;  // token ids; at least one
  bool operator==(const SamplingParams&) const = default;
};

struct Prompt {
  TaskId id;          // index 0
  std::string route;  // names its queues: prompts.<route>, rollouts.<route>, scored.<route>
  Purpose purpose = Purpose::kTrain;
  std::vector<int32_t> tokens;  // never empty
  uint32_t group_size = 1;      // samples 0 … group_size − 1
  SamplingParams sampling;
  std::vector<std::string> scorers;  // names from the configuration, in order
  std::string truth;    // opaque to actors; scorers read it (for answers: the gold answer's text)
  std::string columns;  // the row's other columns, a JSON object; empty: none. As opaque
  uint64_t row = 0;     // the row of the prompt file, from 0: for people
  uint64_t seed = 0;    // first part of every draw's seed address
  uint64_t min_version = 1;    // actors wait for these weights (or newer ones)
  uint64_t exact_version = 0;  // evaluation: exactly these weights; 0 = any from min_version
  std::vector<uint32_t> have;  // samples that exist already and must not be drawn again, ascending
  double issued_at = 0;        // seconds since 1970
  bool operator==(const Prompt&) const = default;
};

// Tokens drawn by one version, in order: a run-length code.
struct VersionRun {
  uint64_t version = 0;
  uint32_t tokens = 0;
  bool operator==(const VersionRun&) const = default;
};

struct Rollout {
  Prompt prompt;
  uint32_t sample = 0;          // from 0
  std::vector<int32_t> tokens;  // the completion, with its stop token if it wrote one; never empty
  std::vector<float> logprobs;  // one for each token: full softmax at the sampling temperature
  FinishReason finish = FinishReason::kStop;
  std::vector<VersionRun> versions;  // sums to tokens.size()
  double started_at = 0;             // first token drawn, seconds since 1970
  double finished_at = 0;
  std::string actor;  // instance name, for people

  TaskId id() const { return prompt.id.Sample(sample); }
  uint64_t oldest_version() const { return versions.empty() ? 0 : versions.front().version; }
  bool operator==(const Rollout&) const = default;
};

struct Scored {
  Rollout rollout;
  Outcome outcome;
  std::string completion;  // decoded text, as the scorers saw it
  double received_at = 0;  // by the reward worker, seconds since 1970
  double scored_at = 0;
  std::string worker;  // instance name, for people
  bool operator==(const Scored&) const = default;
};

// Queue names of a route.
std::string PromptQueue(std::string_view route);   // "prompts.<route>"
std::string RolloutQueue(std::string_view route);  // "rollouts.<route>"
std::string ScoredQueue(std::string_view route);   // "scored.<route>"

}  // namespace cohort
