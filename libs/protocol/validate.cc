#include <algorithm>
#include <cmath>
#include <span>

#include "libs/base/json_text.h"
#include "libs/protocol/codec.h"

namespace cohort {
namespace {

// A log-probability is at most 0; a softmax in float32 may leave it this much above.
constexpr float kLogprobSlack = 1e-3f;

Status Bad(std::string_view field, std::string_view what) {
  return InvalidArgument(std::string(field) + " " + std::string(what));
}

std::string At(std::string_view field, size_t index) {
  return std::string(field) + "[" + std::to_string(index) + "]";
}

Status CheckName(std::string_view field, std::string_view name, bool may_be_empty) {
  if (name.empty() && !may_be_empty) return Bad(field, "is empty");
  if (name.size() > kMaxNameBytes) {
    return Bad(field, "is longer than " + std::to_string(kMaxNameBytes) + " bytes");
  }
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(name.begin(), name.end(), is_control)) {
    return Bad(field, "holds a control character");
  }
  return {};
}

Status CheckTokens(std::string_view field, std::span<const int32_t> tokens) {
  if (tokens.empty()) return Bad(field, "is empty");
  if (tokens.size() > kMaxTokensPerSequence) {
    return Bad(field, "holds " + std::to_string(tokens.size()) + " ids, more than " +
                          std::to_string(kMaxTokensPerSequence));
  }
  const auto negative =
      std::find_if(tokens.begin(), tokens.end(), [](int32_t token) { return token < 0; });
  if (negative == tokens.end()) return {};
  return Bad(At(field, negative - tokens.begin()),
             "is " + std::to_string(*negative) + ": token ids count from 0");
}

Status CheckTime(std::string_view field, double seconds) {
  if (std::isfinite(seconds) && seconds >= 0) return {};
  return Bad(field, "is no time in seconds since 1970");
}

Status CheckSampling(const SamplingParams& sampling, Purpose purpose) {
  if (!std::isfinite(sampling.temperature) || sampling.temperature < 0) {
    return Bad("prompt.sampling.temperature", "is not a number from 0 up");
  }
  if (!(sampling.top_p > 0 && sampling.top_p <= 1)) {
    return Bad("prompt.sampling.top_p", "is not in (0, 1]");
  }
  if (purpose == Purpose::kTrain && sampling.temperature == 0) {
    return Bad("prompt.sampling.temperature", "is 0 (greedy), which training does not allow");
  }
  if (purpose == Purpose::kTrain && sampling.top_p != 1) {
    return Bad("prompt.sampling.top_p", "is below 1, which training does not allow");
  }
  if (sampling.max_new_tokens == 0 || sampling.max_new_tokens > kMaxTokensPerSequence) {
    return Bad("prompt.sampling.max_new_tokens",
               "is not in [1, " + std::to_string(kMaxTokensPerSequence) + "]");
  }
  return CheckTokens("prompt.sampling.stop_tokens", sampling.stop_tokens);
}

Status CheckGroup(const Prompt& prompt) {
  if (prompt.group_size == 0 || prompt.group_size > kMaxGroupSize) {
    return Bad("prompt.group_size", "is " + std::to_string(prompt.group_size) + ", not in [1, " +
                                        std::to_string(kMaxGroupSize) + "]");
  }
  for (size_t i = 0; i < prompt.have.size(); ++i) {
    if (prompt.have[i] >= prompt.group_size) {
      return Bad(At("prompt.have", i), "names sample " + std::to_string(prompt.have[i]) +
                                           " of a group of " + std::to_string(prompt.group_size));
    }
    if (i > 0 && prompt.have[i] <= prompt.have[i - 1]) {
      return Bad(At("prompt.have", i), "is not above the one before it");
    }
  }
  return {};
}

Status CheckColumns(const std::string& columns) {
  constexpr size_t kMost = 1 << 20;
  if (columns.size() > kMost) return Bad("prompt.columns", "take more than 1 MiB");
  if (JsonNesting(columns) > kMostJsonNesting) return Bad("prompt.columns", "nest too deep");
  if (columns.empty() || (columns.front() == '{' && columns.back() == '}')) return {};
  return Bad("prompt.columns", "are no JSON object");
}

Status CheckPromptVersions(const Prompt& prompt) {
  if (prompt.min_version == 0) return Bad("prompt.min_version", "is 0: versions count from 1");
  if (prompt.exact_version != 0 && prompt.exact_version < prompt.min_version) {
    return Bad("prompt.exact_version", "is older than prompt.min_version");
  }
  return {};
}

Status CheckLogprobs(const Rollout& rollout) {
  if (rollout.logprobs.size() != rollout.tokens.size()) {
    return Bad("rollout.logprobs", "holds " + std::to_string(rollout.logprobs.size()) +
                                       " numbers for " + std::to_string(rollout.tokens.size()) +
                                       " tokens");
  }
  for (size_t i = 0; i < rollout.logprobs.size(); ++i) {
    if (!std::isfinite(rollout.logprobs[i])) {
      return Bad(At("rollout.logprobs", i), "is not a finite number");
    }
    if (rollout.logprobs[i] > kLogprobSlack) {
      return Bad(At("rollout.logprobs", i), "is above 0: no probability has such a logarithm");
    }
  }
  return {};
}

Status CheckVersionRuns(const Rollout& rollout) {
  if (rollout.versions.empty()) return Bad("rollout.versions", "is empty");
  uint64_t tokens = 0;
  uint64_t last = 0;
  for (size_t i = 0; i < rollout.versions.size(); ++i) {
    const VersionRun& run = rollout.versions[i];
    if (run.version == 0) return Bad(At("rollout.versions", i), "has version 0");
    if (run.tokens == 0) return Bad(At("rollout.versions", i), "spans no token");
    if (run.version <= last) {
      return Bad(At("rollout.versions", i), "is not newer than the one before it");
    }
    last = run.version;
    tokens += run.tokens;
  }
  if (tokens != rollout.tokens.size()) {
    return Bad("rollout.versions", "sums to " + std::to_string(tokens) + " of " +
                                       std::to_string(rollout.tokens.size()) + " tokens");
  }
  const Prompt& prompt = rollout.prompt;
  if (rollout.oldest_version() < prompt.min_version) {
    return Bad("rollout.versions[0]", "is older than prompt.min_version");
  }
  if (prompt.exact_version != 0 && (rollout.versions.size() != 1 || last != prompt.exact_version)) {
    return Bad("rollout.versions", "is not prompt.exact_version alone");
  }
  return {};
}

Status CheckFinish(const Rollout& rollout) {
  switch (rollout.finish) {
    case FinishReason::kLength:
      return {};
    case FinishReason::kStop: {
      const std::vector<int32_t>& stops = rollout.prompt.sampling.stop_tokens;
      if (std::find(stops.begin(), stops.end(), rollout.tokens.back()) != stops.end()) return {};
      return Bad("rollout.finish", "is stop, but the last token is no stop token");
    }
  }
  return Bad("rollout.finish", "is unset or unknown");
}

}  // namespace

Status Validate(const Prompt& prompt) {
  if (prompt.id.run == 0) return Bad("prompt.id.run", "is 0, which names no run");
  if (prompt.id.space == 0) return Bad("prompt.id.space", "is 0, which names no space");
  if (prompt.id.index != 0) return Bad("prompt.id.index", "is not 0, the prompt's own");
  COHORT_RETURN_IF_ERROR(CheckName("prompt.route", prompt.route, /*may_be_empty=*/false));
  if (prompt.purpose != Purpose::kTrain && prompt.purpose != Purpose::kEval &&
      prompt.purpose != Purpose::kSample) {
    return Bad("prompt.purpose", "is unset or unknown");
  }
  COHORT_RETURN_IF_ERROR(CheckTokens("prompt.tokens", prompt.tokens));
  COHORT_RETURN_IF_ERROR(CheckGroup(prompt));
  COHORT_RETURN_IF_ERROR(CheckSampling(prompt.sampling, prompt.purpose));
  for (size_t i = 0; i < prompt.scorers.size(); ++i) {
    COHORT_RETURN_IF_ERROR(
        CheckName(At("prompt.scorers", i), prompt.scorers[i], /*may_be_empty=*/false));
  }
  COHORT_RETURN_IF_ERROR(CheckColumns(prompt.columns));
  COHORT_RETURN_IF_ERROR(CheckPromptVersions(prompt));
  return CheckTime("prompt.issued_at", prompt.issued_at);
}

Status Validate(const Rollout& rollout) {
  COHORT_RETURN_IF_ERROR(Validate(rollout.prompt));
  if (rollout.sample >= rollout.prompt.group_size) {
    return Bad("rollout.sample", "is " + std::to_string(rollout.sample) + " of a group of " +
                                     std::to_string(rollout.prompt.group_size));
  }
  COHORT_RETURN_IF_ERROR(CheckTokens("rollout.tokens", rollout.tokens));
  if (rollout.tokens.size() > rollout.prompt.sampling.max_new_tokens) {
    return Bad("rollout.tokens", "holds " + std::to_string(rollout.tokens.size()) +
                                     " ids, more than prompt.sampling.max_new_tokens = " +
                                     std::to_string(rollout.prompt.sampling.max_new_tokens));
  }
  COHORT_RETURN_IF_ERROR(CheckLogprobs(rollout));
  COHORT_RETURN_IF_ERROR(CheckFinish(rollout));
  COHORT_RETURN_IF_ERROR(CheckVersionRuns(rollout));
  COHORT_RETURN_IF_ERROR(CheckTime("rollout.started_at", rollout.started_at));
  COHORT_RETURN_IF_ERROR(CheckTime("rollout.finished_at", rollout.finished_at));
  return CheckName("rollout.actor", rollout.actor, /*may_be_empty=*/true);
}

Status Validate(const Scored& scored) {
  COHORT_RETURN_IF_ERROR(Validate(scored.rollout));
  const std::vector<RewardComponent>& components = scored.outcome.components();
  for (size_t i = 0; i < components.size(); ++i) {
    COHORT_RETURN_IF_ERROR(CheckName(At("scored.outcome.components", i) + ".name",
                                     components[i].name, /*may_be_empty=*/false));
  }
  COHORT_RETURN_IF_ERROR(CheckTime("scored.received_at", scored.received_at));
  COHORT_RETURN_IF_ERROR(CheckTime("scored.scored_at", scored.scored_at));
  return CheckName("scored.worker", scored.worker, /*may_be_empty=*/true);
}

}  // namespace cohort
