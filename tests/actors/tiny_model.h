// A tiny decoder with random weights, and prompts for it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/rollout_engine.h"
#include "libs/model/compute_settings.h"
#include "libs/model/master_weights.h"

namespace cohort {

inline ModelConfig TinyConfig() {
  ModelConfig config;
  config.vocab_size = 40;
  config.hidden_size = 32;
  config.intermediate_size = 48;
  config.layers = 2;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_dim = 8;
  config.max_positions = 96;
  config.initializer_range = 0.3;  // so that distributions are not flat
  config.tied_head = true;
  config.eos_tokens = {0};
  return config;
}

inline std::shared_ptr<const Decoder> TinyDecoder(DType dtype = DType::kFloat32) {
  static const std::shared_ptr<const Decoder> float32 =
      *Decoder::Create(TinyConfig(), DType::kFloat32);
  static const std::shared_ptr<const Decoder> bfloat16 =
      *Decoder::Create(TinyConfig(), DType::kBFloat16);
  return dtype == DType::kFloat32 ? float32 : bfloat16;
}

inline Policy TinyPolicy(uint64_t version, DType dtype = DType::kFloat32) {
  const MasterWeights masters = MasterWeights::Random(TinyConfig(), /*seed=*/version);
  return {version, MakeComputeWeights(masters, dtype, Gradients::kNone)};
}

// Prompt number `cursor`: its tokens depend on the cursor alone.
inline Prompt TinyPrompt(uint64_t cursor, uint32_t group_size = 4) {
  Prompt prompt;
  prompt.id = {7, TrainingSpace(0), cursor, 0};
  prompt.route = "main";
  for (uint64_t i = 0; i < 3 + cursor % 5; ++i) {
    prompt.tokens.push_back(static_cast<int32_t>((cursor * 7 + i * 3) % 39 + 1));
  }
  prompt.group_size = group_size;
  prompt.sampling.max_new_tokens = 24;
  prompt.sampling.stop_tokens = {0, 1};
  prompt.seed = 11;
  return prompt;
}

class EngineUnderTest {
 public:
  explicit EngineUnderTest(int64_t max_rows, DType dtype = DType::kFloat32)
      : engine(TinyDecoder(dtype),
               {.max_rows = max_rows, .drawable = 0, .instance = "actor-1", .clock = &clock}) {}

  StepReport Step() {
    Result<StepReport> report = engine.Step();
    EXPECT_TRUE(report.ok()) << report.status().ToString();
    if (!report.ok()) return {};
    for (Rollout& rollout : report->finished) {
      // When it was drawn says nothing about what was drawn.
      rollout.started_at = rollout.finished_at = 0;
      rollouts[rollout.id()] = rollout;
    }
    return *std::move(report);
  }
  void Finish() {
    while (engine.CanStep()) {
      Step();
      if (::testing::Test::HasFailure()) return;
    }
  }

  ManualClock clock;
  RolloutEngine engine;
  std::map<TaskId, Rollout> rollouts;
};

}  // namespace cohort
