// A scorer outside of the reward worker: its rollouts become JSON fields, its verdicts come back
// through the worker's mailbox. What is behind it — processes, a service — is a PluginBackend.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/scoring/verdict.h"
#include "reward_workers/scorer.h"

namespace cohort {

class PluginBackend {
 public:
  virtual ~PluginBackend() = default;

  // `done` is called once, on any thread, unless the id is cancelled first.
  virtual void Submit(uint64_t id, std::string fields, std::function<void(Verdict)> done) = 0;
  virtual void Cancel(uint64_t id) = 0;
  // The longest that one rollout takes once it is its turn, with all attempts.
  virtual Duration Limit() const = 0;
  // Rollouts that it works on at once.
  virtual size_t Places() const = 0;
  // The verdicts on the same question are the same now and later: they may be kept. From any
  // thread.
  virtual bool Keeps() const { return false; }
  // What it reads beyond texts and gold.
  virtual ScorerWants Wants() const { return {}; }
};

// The context has a mailbox and a decoder.
std::unique_ptr<Scorer> MakePluginScorer(std::string name, const ScorerContext& context,
                                         std::unique_ptr<PluginBackend> backend);

}  // namespace cohort
