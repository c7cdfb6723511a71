// A character-size model and batches drawn from it, for tests of the trainer.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "learner/trainer.h"
#include "libs/base/clock.h"

namespace cohort {

// Two layers of 64: about 100k parameters.
ModelConfig CharacterModel();

TrainerOptions CharacterOptions(DType dtype = DType::kFloat32);

// One for all tests of a program: finding row classes takes a while.
std::shared_ptr<const Decoder> SharedDecoder(const ModelConfig& config, DType dtype);

// Aborts the test program on failure: nothing in a test can go on without.
std::unique_ptr<Trainer> MakeTrainer(const TrainerOptions& options, uint64_t seed = 1);

// Samples of the trainer's policy, drawn by the cached decode as an actor draws them: prompts of
// some tokens, `samples` completions of at most `longest` tokens, advantages ±1 by turns, all in
// the loss and on policy. Token 1 ends a completion.
std::vector<TrainGroup> DrawGroups(const Trainer& trainer, int64_t groups, int64_t samples,
                                   int64_t longest, uint64_t seed);

// An empty folder for this test.
std::filesystem::path EmptyFolder(const std::string& name);

// Whether all weights are equal to the bit.
bool SameBits(const MasterWeights& a, const MasterWeights& b);

// ‖a - b‖ / ‖b‖ over all weights.
double RelativeDistance(const MasterWeights& a, const MasterWeights& b);

}  // namespace cohort
