#include "actors/actor_metrics.h"

namespace cohort {
namespace {

constexpr char kPrompts[] = "cohort_actor_prompts_total";
constexpr char kPromptsHelp[] = "Prompts that left this actor, by how.";
constexpr char kEpisodes[] = "cohort_actor_episodes_total";
constexpr char kEpisodesHelp[] = "Rollouts finished, by why they ended.";

Counter& Prompts(Metrics* metrics, const char* end) {
  return metrics->AddCounter(kPrompts, kPromptsHelp, {{"end", end}});
}

Counter& Episodes(Metrics* metrics, FinishReason reason) {
  return metrics->AddCounter(kEpisodes, kEpisodesHelp,
                             {{"finish_reason", std::string(FinishReasonName(reason))}});
}

}  // namespace

ActorMetrics::ActorMetrics(Metrics* m)
    : tokens(m->AddCounter("cohort_actor_tokens_generated_total", "Tokens drawn.")),
      prefill_tokens(m->AddCounter("cohort_actor_prefill_tokens_total", "Prompt tokens read.")),
      steps(m->AddCounter("cohort_actor_steps_total", "Decode steps.")),
      busy_seconds(m->AddCounter("cohort_actor_busy_seconds_total", "Time spent in decode steps.")),
      mixed_rollouts(m->AddCounter("cohort_actor_mixed_rollouts_total",
                                   "Rollouts drawn under more than one version of the weights.")),
      prompts_settled(Prompts(m, "settled")),
      prompts_released(Prompts(m, "released")),
      prompts_failed(Prompts(m, "failed")),
      prompts_lost(Prompts(m, "lost")),
      version(m->AddGauge("cohort_policy_version", "Version of the weights that draw tokens.")),
      evaluation_version(m->AddGauge("cohort_actor_evaluation_version",
                                     "Version of the weights kept for evaluation.")),
      rows(m->AddGauge("cohort_actor_inflight_rows", "Samples being decoded.")),
      pending_samples(m->AddGauge("cohort_actor_pending_samples",
                                  "Samples of prompts in hand that have not started.")),
      waiting_prompts(
          m->AddGauge("cohort_actor_waiting_prompts", "Prompts in hand that wait for weights.")),
      weight_updates(m->AddCounter("cohort_actor_weight_updates_total", "Weights taken into use.")),
      weight_bytes(
          m->AddCounter("cohort_actor_weight_bytes_total", "Bytes of weights taken into use.")),
      weight_failures(m->AddCounter("cohort_actor_weight_failures_total",
                                    "Weights that arrived and could not be used.")),
      weight_update_seconds(m->AddHistogram("cohort_actor_weight_update_seconds",
                                            "From the first fetch of new weights to their use.",
                                            ExponentialBuckets(0.001, 2, 17))),
      stopped_(Episodes(m, FinishReason::kStop)),
      truncated_(Episodes(m, FinishReason::kLength)),
      generate_seconds_(m->AddHistogram("cohort_actor_generate_seconds",
                                        "From a rollout's first token to its last.",
                                        ExponentialBuckets(0.005, 2, 18))),
      completion_tokens_(m->AddHistogram("cohort_actor_completion_tokens", "Tokens of a rollout.",
                                         ExponentialBuckets(1, 2, 17))) {}

void ActorMetrics::CountRollout(const Rollout& rollout) {
  (rollout.finish == FinishReason::kStop ? stopped_ : truncated_).Add();
  if (rollout.versions.size() > 1) mixed_rollouts.Add();
  generate_seconds_.Observe(rollout.finished_at - rollout.started_at);
  completion_tokens_.Observe(static_cast<double>(rollout.tokens.size()));
}

}  // namespace cohort
