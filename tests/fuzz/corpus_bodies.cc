// Prompts, rollouts and scored rollouts.
#include "libs/protocol/codec.h"
#include "tests/fuzz/corpus.h"
#include "tests/libs/protocol/samples.h"

namespace cohort {

void SeedBodies(const Corpus& corpus) {
  Prompt evaluation = SamplePrompt();
  evaluation.id.space = EvaluationSpace(4);
  evaluation.purpose = Purpose::kEval;
  evaluation.exact_version = 4;
  evaluation.min_version = 4;
  evaluation.sampling.temperature = 0;
  corpus.Seed("prompt", "train", Encode(SamplePrompt()));
  corpus.Seed("prompt", "eval", Encode(evaluation));
  Rollout cut = SampleRollout();
  cut.finish = FinishReason::kLength;
  cut.prompt.sampling.max_new_tokens = static_cast<uint32_t>(cut.tokens.size());
  corpus.Seed("rollout", "stop", Encode(SampleRollout()));
  corpus.Seed("rollout", "length", Encode(cut));
  Scored masked = SampleScored();
  masked.outcome = Outcome::Masked(OutcomeReason::kSandboxLost, "gone");
  corpus.Seed("scored", "graded", Encode(SampleScored()));
  corpus.Seed("scored", "masked", Encode(masked));
}

}  // namespace cohort
