// Valid messages for tests to start from.
#pragma once

#include <vector>

#include "libs/protocol/types.h"

namespace cohort {

inline Prompt SamplePrompt() {
  Prompt prompt;
  prompt.id = {0x1234567890abcdefu, TrainingSpace(0), 42, 0};
  prompt.route = "main";
  prompt.tokens = {1, 5, 9, 70000};
  prompt.group_size = 4;
  prompt.sampling = {.temperature = 1.0, .top_p = 1.0, .max_new_tokens = 8, .stop_tokens = {2, 0}};
  prompt.scorers = {"right", "format"};
  prompt.truth = std::string("4\0002", 3);
  prompt.columns = "{\"tests\":[1,2]}";
  prompt.row = 17;
  prompt.seed = 3;
  prompt.min_version = 5;
  prompt.have = {0, 3};
  prompt.issued_at = 1.7e9;
  return prompt;
}

inline Rollout SampleRollout() {
  Rollout rollout;
  rollout.prompt = SamplePrompt();
  rollout.sample = 1;
  rollout.tokens = {10, 11, 12, 2};
  rollout.logprobs = {-0.5f, -1.25f, 0.0f, -1e-3f};
  rollout.finish = FinishReason::kStop;
  rollout.versions = {{5, 3}, {7, 1}};
  rollout.started_at = 1.7e9 + 1;
  rollout.finished_at = 1.7e9 + 2;
  rollout.actor = "actor-1";
  return rollout;
}

inline Scored SampleScored() {
  Scored scored;
  scored.rollout = SampleRollout();
  scored.outcome =
      *Outcome::Scored(OutcomeReason::kGraded, {{"right", 1, 1}, {"format", 0.5, 0.1}}, true, "42");
  scored.completion = "it is 42 \xE2\x9C\x93";
  scored.received_at = 1.7e9 + 3;
  scored.scored_at = 1.7e9 + 4;
  scored.worker = "reward-worker-1";
  return scored;
}

}  // namespace cohort
