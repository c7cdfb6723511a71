// One rollout as a chat completion (OpenAI's format), and the judge's reply as its verdict.
#pragma once

#include <memory>
#include <string>

#include "libs/config/config.h"
#include "reward_workers/judge/rubric.h"
#include "reward_workers/plugins/service_codec.h"

namespace cohort {

// The key that a pairwise rollout's fields have besides those of messages.h: whether the response
// is shown as A, and the reference as B.
inline constexpr char kResponseFirst[] = "response_first";

// Pointwise a verdict's value is the mark from 0 to 1. Pairwise it is 1 where A is better, 0 where
// B is, one half for a tie.
std::unique_ptr<const ServiceCodec> MakeJudgeCodec(const ScorerConfig& config, Rubric rubric);

}  // namespace cohort
