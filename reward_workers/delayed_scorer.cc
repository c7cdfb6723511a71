#include "reward_workers/delayed_scorer.h"

#include <utility>

#include "libs/base/digest.h"
#include "libs/base/rng.h"

namespace cohort {
namespace {

class DelayedScore : public PendingScore {
 public:
  std::string phase() const override {
    if (!due) return "delayed";
    return inner == nullptr ? "" : inner->phase();
  }

  std::unique_ptr<TimerQueue::Timer> timer;
  bool due = false;
  std::unique_ptr<PendingScore> inner;
};

class DelayedScorer : public Scorer {
 public:
  DelayedScorer(std::unique_ptr<Scorer> inner, Duration delay, Duration jitter,
                const ScorerContext& context)
      : inner_(std::move(inner)),
        delay_(delay),
        jitter_(jitter),
        context_(context),
        name_digest_(DigestOf(inner_->name()).low) {}

  const std::string& name() const override { return inner_->name(); }
  ScorerWants Wants() const override { return inner_->Wants(); }
  size_t Places() const override { return kAnyNumber; }
  Duration Limit() const override { return delay_ + jitter_ + Seconds(60) + inner_->Limit(); }

  std::unique_ptr<PendingScore> Start(const ScoreRequest& request, VerdictCallback done) override {
    auto pending = std::make_unique<DelayedScore>();
    pending->timer =
        context_.timers->At(context_.clock->Now() + DelayOf(request.rollout),
                            [this, score = pending.get(), request, done = std::move(done)] {
                              score->due = true;
                              score->inner = inner_->Start(request, done);
                            });
    return pending;
  }

 private:
  Duration DelayOf(const Rollout& rollout) const {
    const Prompt& prompt = rollout.prompt;
    const double share =
        UniformAt({prompt.seed, prompt.id.space, prompt.id.cursor, rollout.sample, name_digest_});
    return delay_ + Seconds(ToSeconds(jitter_) * share);
  }

  std::unique_ptr<Scorer> inner_;
  Duration delay_;
  Duration jitter_;
  ScorerContext context_;
  uint64_t name_digest_;
};

}  // namespace

std::unique_ptr<Scorer> MakeDelayedScorer(std::unique_ptr<Scorer> inner, Duration delay,
                                          Duration jitter, const ScorerContext& context) {
  return std::make_unique<DelayedScorer>(std::move(inner), delay, jitter, context);
}

}  // namespace cohort
