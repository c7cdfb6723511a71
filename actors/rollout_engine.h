// Continuous batching: draws the samples of many prompts together, one token of each per step.
//
// A prompt is read once (prefill) and its cache shared by its samples; each sample is a row of the
// batch until it stops, and its row then goes to the next sample waiting, in the order of
// admission. A group larger than the batch is drawn in parts. What a rollout contains depends on
// its seed address, its prompt and the weights alone, never on who shares the batch or when it was
// admitted.
//
// Two kinds of prompts: those that follow the newest weights (they wait for min_version, and take
// new weights between two steps in the middle of a rollout: the KV cache survives and each token is
// stamped with the version that drew it), and those of an exact version, which wait for that
// snapshot and hold on to it to their end. A sample starts from a prompt cache of the version that
// draws its first token.
//
// No sockets, no threads, no waiting: the caller admits, steps, and takes what is finished.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "actors/sampler.h"
#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/model/compute_weights.h"
#include "libs/model/decoder.h"
#include "libs/protocol/types.h"

namespace cohort {

struct Policy {
  uint64_t version = 0;  // 0: none
  std::shared_ptr<const ComputeWeights> weights;
};

// What one step did.
struct StepReport {
  std::vector<TaskId> started;    // prompts whose first token was drawn now
  std::vector<Rollout> finished;  // in the order of their rows
  std::vector<TaskId> completed;  // prompts whose last missing sample is in `finished`
  uint64_t tokens = 0;            // drawn
  uint64_t prefilled = 0;         // prompt tokens read
};

// A prompt that cannot start, and why.
struct WaitingPrompt {
  TaskId id;
  uint64_t version = 0;  // of the weights it waits for
  bool exact = false;
  bool lost = false;  // exact, and older than the evaluation snapshot: it will never come
};

class RolloutEngine {
 public:
  struct Options {
    int64_t max_rows = 64;  // samples decoded together
    int64_t drawable = 0;   // the tokenizer's vocabulary; ids above are never drawn
    std::string instance;   // stamped on rollouts
    const Clock* clock = nullptr;
  };
  RolloutEngine(std::shared_ptr<const Decoder> decoder, Options options);
  ~RolloutEngine();

  // Taken from the next step on. Weights must be of the decoder's model and type.
  void SetNewest(Policy policy);
  void SetEvaluation(Policy policy);
  uint64_t newest_version() const { return newest_.version; }
  uint64_t evaluation_version() const { return evaluation_.version; }

  // Whether this model can answer the prompt: length, token ids. One line says why not.
  Status Check(const Prompt& prompt) const;
  // Takes a prompt that passes Check. Its samples in `have` and in `skip` are not drawn. False when
  // none is left to draw: there is nothing to wait for. A prompt in hand must be dropped before it
  // is admitted again.
  bool Admit(Prompt prompt, const std::vector<uint32_t>& skip = {});
  // Forgets the prompt and its samples; nothing when it is not here.
  void Drop(const TaskId& id);
  void DropAll();

  // Starts what fits, draws one token (a starting sample: its first two) for every row. An error is
  // our own fault or that of the weights, not a prompt's; the engine is of no use after it.
  Result<StepReport> Step();

  // True when Step would do something now.
  bool CanStep() const;
  int64_t rows() const { return static_cast<int64_t>(rows_.size()); }  // being decoded
  int64_t pending_samples() const;  // not yet started, of all prompts in hand
  int64_t prompts() const { return static_cast<int64_t>(groups_.size()); }
  std::vector<WaitingPrompt> Waiting() const;

 private:
  struct Group;  // a prompt in hand
  struct Row;    // a sample being drawn

  // Gives a prompt of an exact version its weights, once they are here.
  void Pin(Group& group);
  // What draws this prompt's tokens now; null while it has to wait.
  const Policy* PolicyFor(const Group& group) const;
  Status StartSamples(StepReport* report);
  // Reads the prompts under `policy`, so that their samples can start.
  Status Prefill(const Policy& policy, std::span<Group* const> groups, StepReport* report);
  Status StartRow(Group& group, const Policy& policy, StepReport* report);
  Status DecodeRows(StepReport* report);
  Status Decode(const Policy& policy, std::span<Row* const> rows, StepReport* report);
  Status Append(Row& row, std::span<const float> logits, uint64_t version);
  void CollectFinished(StepReport* report);

  const std::shared_ptr<const Decoder> decoder_;
  const Options options_;
  Sampler sampler_;
  Policy newest_;
  Policy evaluation_;
  std::list<std::unique_ptr<Group>> groups_;  // in the order of admission
  std::vector<std::unique_ptr<Row>> rows_;
};

}  // namespace cohort
