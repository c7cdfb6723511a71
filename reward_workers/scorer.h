// A scorer judges one rollout at a time and answers with a verdict, now or later.
//
// Scorers live on the reward worker's one thread and must not block it: what takes long is begun by
// Start and answers later on the same thread (through the TimerQueue, or whatever the ScorerContext
// offers). Thousands may be under way at once; each holds memory, none holds a thread.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/config/config.h"
#include "libs/protocol/types.h"
#include "libs/scoring/verdict.h"
#include "reward_workers/mailbox.h"
#include "reward_workers/timer_queue.h"

namespace cohort {

class Supervisor;
class VerdictCache;

// What is judged. Stays valid until the verdict is given or its PendingScore is destroyed.
struct ScoreRequest {
  const Rollout& rollout;       // with its prompt: truth, route, seed
  std::string_view completion;  // the completion's text, special tokens removed
  bool right = false;           // what the scorer named by right_by said of it
};

using VerdictCallback = std::function<void(Verdict)>;

// A verdict under way. Destroying it cancels: the callback is not called any more.
class PendingScore {
 public:
  virtual ~PendingScore() = default;
  // What it does now, for people; empty: nothing to tell.
  virtual std::string phase() const { return ""; }
};

// What a scorer reads beyond texts and gold.
struct ScorerWants {
  bool completion_ids = false;  // which only a model's tokenizer can give
  bool prompt_ids = false;
  std::vector<std::string> columns = {};  // of the row: without them it has no verdict
};

inline constexpr size_t kAnyNumber = std::numeric_limits<size_t>::max();

class Scorer {
 public:
  virtual ~Scorer() = default;

  // As in the configuration.
  virtual const std::string& name() const = 0;

  // The longest that it takes to answer, as it declares itself: a lease is not renewed beyond.
  // Zero: Start answers before it returns.
  virtual Duration Limit() const { return Duration::zero(); }

  // How many rollouts it works on at once: more of them wait for their turn. Zero: it answers at
  // once. kAnyNumber: it waits for something, and holds no more than memory meanwhile.
  virtual size_t Places() const { return 0; }

  // Rollouts of a run have all tokens; rows of `cohort score` may not.
  virtual ScorerWants Wants() const { return {}; }

  // Begins to judge. `done` is called once: before Start returns, which then may return nothing, or
  // later, unless what Start returned is destroyed first. `done` destroys nothing.
  virtual std::unique_ptr<PendingScore> Start(const ScoreRequest& request,
                                              VerdictCallback done) = 0;
};

// What scorers are given to work with. Everything outlives the scorers.
struct ScorerContext {
  const Clock* clock = nullptr;
  TimerQueue* timers = nullptr;
  Supervisor* supervisor = nullptr;                                       // for plug-ins
  Mailbox* mailbox = nullptr;                                             // for plug-ins
  std::function<std::string(std::span<const int32_t>)> decode = nullptr;  // for plug-ins: prompts
  std::function<void(const std::string& scorer, const std::string& what)> tell =
      nullptr;                                 // for plug-ins: metrics
  VerdictCache* verdicts = nullptr;            // null: nothing is kept
  std::vector<LanguageConfig> languages = {};  // of programs, beside the known ones
};

// A scorer as configured: of its kind (libs/config/scorer_kinds.h), behind its delay. Failures name
// the scorer, the key and the cure.
Result<std::unique_ptr<Scorer>> MakeScorer(const ScorerConfig& config,
                                           const ScorerContext& context);

}  // namespace cohort
