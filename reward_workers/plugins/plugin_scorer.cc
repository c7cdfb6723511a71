#include "reward_workers/plugins/plugin_scorer.h"

#include <algorithm>
#include <utility>

#include "libs/base/json_text.h"
#include "reward_workers/plugins/frames.h"
#include "reward_workers/plugins/messages.h"
#include "reward_workers/verdict_cache.h"

namespace cohort {
namespace {

// How long a rollout may wait for its turn: as long as the worker's other rollouts take, which is
// not known here. The lease is renewed so long.
constexpr Duration kTurnAllowance = std::chrono::minutes(30);

class PluginScore : public PendingScore {
 public:
  PluginScore(PluginBackend* backend, uint64_t id) : backend_(backend), id_(id) {}
  ~PluginScore() override {
    if (!*answered_) backend_->Cancel(id_);
  }

  // Both belong to the worker's thread.
  std::weak_ptr<bool> answered() const { return answered_; }

 private:
  PluginBackend* backend_;
  uint64_t id_;
  std::shared_ptr<bool> answered_ = std::make_shared<bool>(false);
};

class PluginScorer : public Scorer {
 public:
  PluginScorer(std::string name, const ScorerContext& context,
               std::unique_ptr<PluginBackend> backend)
      : name_(std::move(name)),
        context_(context),
        backend_(std::move(backend)),
        wants_(backend_->Wants()) {}

  const std::string& name() const override { return name_; }
  Duration Limit() const override { return backend_->Limit() + kTurnAllowance; }
  size_t Places() const override { return backend_->Places(); }
  ScorerWants Wants() const override { return wants_; }

  std::unique_ptr<PendingScore> Start(const ScoreRequest& request, VerdictCallback done) override {
    if (const std::string missing = MissingColumn(request.rollout.prompt); !missing.empty()) {
      done(Verdict::Masked(OutcomeReason::kTaskUnsupported,
                           "its row has no column \"" + missing + "\", which the scorer reads"));
      return nullptr;
    }
    VerdictCache* cache = backend_->Keeps() ? context_.verdicts : nullptr;
    if (cache == nullptr) return Ask(request, std::move(done));
    const Digest key = KeyOf(request);
    if (std::optional<Verdict> verdict = cache->Find(name_, key)) {
      done(*std::move(verdict));
      return nullptr;
    }
    return Ask(request, [this, cache, key, done = std::move(done)](Verdict verdict) {
      if (backend_->Keeps()) cache->Keep(key, verdict);
      done(std::move(verdict));
    });
  }

 private:
  std::unique_ptr<PendingScore> Ask(const ScoreRequest& request, VerdictCallback done) {
    const std::string prompt = context_.decode(request.rollout.prompt.tokens);
    std::string fields =
        ScoreFields(name_, request, prompt, wants_.completion_ids, wants_.prompt_ids);
    if (fields.size() > kMaxRequestBytes / 2) {
      // The gold and the prompt are not the model's.
      const bool models =
          request.rollout.prompt.truth.size() + prompt.size() <= kMaxRequestBytes / 16;
      const std::string how = "too long for a plug-in: " + std::to_string(fields.size()) + " bytes";
      done(models ? Verdict::Failed(OutcomeReason::kOutsideBudget, how)
                  : Verdict::Masked(OutcomeReason::kTaskUnsupported, how));
      return nullptr;
    }
    const uint64_t id = next_id_++;
    auto pending = std::make_unique<PluginScore>(backend_.get(), id);
    backend_->Submit(id, std::move(fields),
                     [mailbox = context_.mailbox, answered = pending->answered(),
                      done = std::move(done)](Verdict verdict) {
                       mailbox->Post([answered, done, verdict = std::move(verdict)] {
                         const std::shared_ptr<bool> wanted = answered.lock();
                         if (!wanted) return;  // cancelled meanwhile
                         *wanted = true;
                         done(verdict);
                       });
                     });
    return pending;
  }

  // The first that the row lacks; empty: it has them all.
  std::string MissingColumn(const Prompt& prompt) const {
    if (wants_.columns.empty()) return "";
    const std::vector<JsonMember> columns = JsonMembers(prompt.columns);
    for (const std::string& wanted : wants_.columns) {
      const bool has = std::ranges::any_of(columns, [&](const JsonMember& column) {
        return column.key.substr(1, column.key.size() - 2) == wanted;
      });
      if (!has) return wanted;
    }
    return "";
  }

  // Everything of a rollout that it is sent, but for the sample's number.
  Digest KeyOf(const ScoreRequest& request) const {
    const Rollout& rollout = request.rollout;
    const auto bytes = [](const std::vector<int32_t>& tokens) {
      return std::string_view(reinterpret_cast<const char*>(tokens.data()),
                              tokens.size() * sizeof(int32_t));
    };
    VerdictKey key(name_);
    key.Add(request.completion).Add(rollout.prompt.truth).Add(bytes(rollout.prompt.tokens));
    key.Add(rollout.prompt.columns).Add(std::to_string(rollout.prompt.row));
    key.Add(rollout.prompt.route).Add(FinishReasonName(rollout.finish));
    key.Add(std::to_string(rollout.tokens.size()));
    if (wants_.completion_ids) key.Add(bytes(rollout.tokens));
    return key.Finish();
  }

  std::string name_;
  ScorerContext context_;
  std::unique_ptr<PluginBackend> backend_;
  const ScorerWants wants_;
  uint64_t next_id_ = 1;
};

}  // namespace

std::unique_ptr<Scorer> MakePluginScorer(std::string name, const ScorerContext& context,
                                         std::unique_ptr<PluginBackend> backend) {
  return std::make_unique<PluginScorer>(std::move(name), context, std::move(backend));
}

}  // namespace cohort
