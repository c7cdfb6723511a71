#include "learner/learner_metrics.h"

#include <utility>

namespace cohort {
namespace {

const std::vector<double>& StepBuckets() {
  static const std::vector<double> buckets = ExponentialBuckets(0.001, 2, 20);
  return buckets;
}

}  // namespace

LearnerMetrics::LearnerMetrics(Metrics* metrics, std::vector<std::string> routes)
    : metrics_(metrics), routes_(std::move(routes)) {
  metrics_->OnScrape([this] { RefreshLedger(); });
}

void LearnerMetrics::Version(uint64_t version) {
  metrics_->AddGauge("cohort_policy_version", "The version that was published last.")
      .Set(static_cast<double>(version));
}

Histogram& LearnerMetrics::StepSeconds(const std::string& phase) {
  return metrics_->AddHistogram("cohort_learner_step_seconds", "Time of a training step, by phase.",
                                StepBuckets(), {{"phase", phase}});
}

void LearnerMetrics::SftStep(const StepStats& stats, double seconds) {
  metrics_->AddCounter("cohort_learner_steps_total", "Training steps done.", {{"stage", "sft"}})
      .Add();
  metrics_->AddGauge("cohort_learner_loss", "Loss of the last step.", {{"stage", "sft"}})
      .Set(stats.loss);
  metrics_->AddGauge("cohort_learner_learning_rate", "Learning rate of the last step.")
      .Set(stats.learning_rate);
  StepSeconds("sft").Observe(seconds);
}

void LearnerMetrics::GrpoStep(const StepStats& stats, const BatchFigures& figures,
                              const std::vector<GroupSignal>& signals, double seconds,
                              double now_seconds) {
  Metrics& m = *metrics_;
  m.AddCounter("cohort_learner_steps_total", "Training steps done.", {{"stage", "grpo"}}).Add();
  m.AddGauge("cohort_learner_last_step_timestamp_seconds", "When the last step was done.")
      .Set(now_seconds);
  m.AddGauge("cohort_learner_loss", "Loss of the last step.", {{"stage", "grpo"}}).Set(stats.loss);
  m.AddGauge("cohort_learner_grad_norm", "Gradient norm of the last step, before clipping.")
      .Set(stats.grad_norm);
  m.AddGauge("cohort_learner_learning_rate", "Learning rate of the last step.")
      .Set(stats.learning_rate);
  m.AddGauge("cohort_learner_entropy", "Mean entropy of the policy over trained tokens, nats.")
      .Set(stats.entropy);
  m.AddGauge("cohort_learner_kl_reference", "Mean k3 estimate of the KL to the reference, nats.")
      .Set(stats.kl_reference);
  m.AddGauge("cohort_learner_clip_ratio", "Share of tokens that the clip took out of the gradient.",
             {{"side", "low"}})
      .Set(stats.clip_low);
  m.AddGauge("cohort_learner_clip_ratio", "Share of tokens that the clip took out of the gradient.",
             {{"side", "high"}})
      .Set(stats.clip_high);
  m.AddGauge("cohort_learner_reward_mean", "Mean reward of the last step.").Set(figures.reward);
  for (const auto& [name, value] : figures.components) {
    m.AddGauge("cohort_learner_component_mean",
               "Mean value of a reward component in the last step.", {{"component", name}})
        .Set(value);
  }
  m.AddGauge("cohort_learner_correct_ratio", "Share of correct samples of the last step.")
      .Set(figures.correct);
  m.AddGauge("cohort_learner_completion_tokens_mean",
             "Mean completion length of the last step, tokens.")
      .Set(figures.length);
  m.AddGauge("cohort_learner_truncated_ratio",
             "Share of the last step's samples that ended by length.")
      .Set(figures.truncated);
  m.AddGauge("cohort_learner_staleness_max", "Oldest group of the last step, publications.")
      .Set(static_cast<double>(figures.staleness_max));
  m.AddGauge("cohort_learner_staleness_mean", "Mean age of the last step's groups, publications.")
      .Set(figures.staleness_mean);
  m.AddCounter("cohort_learner_tokens_total", "Completion tokens that were in a loss.")
      .Add(static_cast<double>(stats.tokens_trained));
  for (const GroupSignal signal : signals) {
    m.AddCounter("cohort_learner_groups_total", "Groups that steps took, by signal.",
                 {{"signal", std::string(GroupSignalName(signal))}})
        .Add();
  }

  // Same weights, same tokens: anything but 0 is a bug, or a machine of another kind.
  const auto gap = [&m](const std::string& rollouts, uint64_t tokens, double largest) {
    Gauge& gauge = m.AddGauge("cohort_actor_learner_logprob_gap",
                              "Largest difference of actor's and learner's log-probability in the "
                              "last step that had such tokens.",
                              {{"rollouts", rollouts}});
    if (tokens > 0) gauge.Set(largest);
  };
  gap("own_version", stats.gap_tokens, stats.gap_max);
  gap("mixed", stats.mixed_tokens, stats.mixed_gap_max);
  m.AddCounter("cohort_actor_learner_logprob_compared_tokens_total",
               "Tokens whose two log-probabilities were compared.", {{"rollouts", "own_version"}})
      .Add(static_cast<double>(stats.gap_tokens));
  m.AddCounter("cohort_actor_learner_logprob_compared_tokens_total",
               "Tokens whose two log-probabilities were compared.", {{"rollouts", "mixed"}})
      .Add(static_cast<double>(stats.mixed_tokens));
  m.AddCounter(
       "cohort_actor_learner_logprob_unequal_tokens_total",
       "Tokens of rollouts under the learner's own version whose two log-probabilities differed.")
      .Add(static_cast<double>(stats.gap_nonzero));

  StepSeconds("total").Observe(seconds);
  StepSeconds("forward").Observe(stats.seconds_forward);
  StepSeconds("backward").Observe(stats.seconds_backward);
  StepSeconds("reference").Observe(stats.seconds_reference);
  StepSeconds("optimizer").Observe(stats.seconds_optimizer);
}

void LearnerMetrics::Evaluation(const EvaluationResult& result) {
  metrics_
      ->AddGauge("cohort_eval_pass_at_1_ratio", "Share of correct samples of the last evaluation.")
      .Set(result.pass_at_1);
  metrics_->AddGauge("cohort_eval_pass_at_1_stderr_ratio", "Its standard error.")
      .Set(result.standard_error);
  metrics_
      ->AddGauge("cohort_eval_completion_tokens_mean",
                 "Mean length of the last evaluation, tokens.")
      .Set(result.mean_length);
}

void LearnerMetrics::Waited(const std::string& for_what, double seconds) {
  metrics_
      ->AddCounter("cohort_learner_wait_seconds_total", "Time in which the learner waited.",
                   {{"for", for_what}})
      .Add(seconds);
}

void LearnerMetrics::WaitedForBroker(double seconds) {
  metrics_
      ->AddCounter("cohort_learner_broker_wait_seconds_total",
                   "Part of the wait for groups in which puts were not confirmed or the broker was "
                   "away.")
      .Add(seconds);
}

void LearnerMetrics::Checkpoint(double seconds) {
  metrics_
      ->AddHistogram("cohort_learner_checkpoint_seconds", "Time to write a checkpoint.",
                     StepBuckets())
      .Observe(seconds);
}

void LearnerMetrics::Held(uint64_t tasks) {
  metrics_->AddGauge("cohort_learner_held_tasks", "Scored tasks that wait for a checkpoint.")
      .Set(static_cast<double>(tasks));
}

void LearnerMetrics::RefusedSamples(uint64_t total) {
  metrics_->AddCounter("cohort_learner_refused_samples_total", "Samples that made no sense.")
      .RaiseTo(static_cast<double>(total));
}

void LearnerMetrics::GroupEnded(const std::string& route, const AgeParts& age,
                                uint64_t publications) {
  static const std::vector<double> seconds = ExponentialBuckets(0.01, 2, 20);
  static const std::vector<double> counts = ExponentialBuckets(1, 2, 12);
  for (const auto& [part, value] : {std::pair{"queue", age.queue},
                                    {"generation", age.generation},
                                    {"reward", age.reward},
                                    {"assembly", age.assembly}}) {
    metrics_
        ->AddHistogram("cohort_learner_group_age_seconds",
                       "From the issue of a group to its end, by what it waited for.", seconds,
                       {{"route", route}, {"part", part}})
        .Observe(value);
  }
  metrics_
      ->AddHistogram("cohort_learner_group_age_versions",
                     "Age of a group's oldest token at its end, publications.", counts,
                     {{"route", route}})
      .Observe(static_cast<double>(publications));
}

void LearnerMetrics::SetLedger(const Ledger& ledger) {
  LedgerCounts counts;
  for (size_t i = 0; i < ledger.routes(); ++i) {
    std::map<std::string, uint64_t>& states = counts.by_route.emplace_back();
    states["issued"] = ledger.route(i).issued;
    states["pending"] = ledger.route(i).pending.size();
    for (GroupEnd end : kGroupEnds)
      states[std::string(GroupEndName(end))] = ledger.route(i).ended(end);
  }
  ledger_.With([&](LedgerCounts& current) { current = std::move(counts); });
}

void LearnerMetrics::RefreshLedger() {
  const LedgerCounts counts = ledger_.With([](const LedgerCounts& current) { return current; });
  for (size_t i = 0; i < counts.by_route.size(); ++i) {
    for (const auto& [state, prompts] : counts.by_route[i]) {
      if (state == "issued") {
        metrics_
            ->AddGauge("cohort_ledger_issued_prompts",
                       "Training prompts issued along the surviving line; the sum of "
                       "cohort_ledger_prompts.",
                       {{"route", routes_[i]}})
            .Set(static_cast<double>(prompts));
      } else {
        metrics_
            ->AddGauge("cohort_ledger_prompts", "Training prompts by what became of them.",
                       {{"route", routes_[i]}, {"state", state}})
            .Set(static_cast<double>(prompts));
      }
    }
  }
}

void LearnerMetrics::SetActors(const std::vector<ActorState>& actors) {
  double quarantined = 0;
  for (const ActorState& actor : actors) quarantined += actor.quarantined ? 1 : 0;
  metrics_
      ->AddGauge("cohort_weights_actors", "Actors connected for weights.",
                 {{"state", "quarantined"}})
      .Set(quarantined);
  metrics_->AddGauge("cohort_weights_actors", "Actors connected for weights.", {{"state", "good"}})
      .Set(static_cast<double>(actors.size()) - quarantined);
}

void LearnerMetrics::SetStatus(StatusReport status) {
  const LedgerCounts counts = ledger_.With([](const LedgerCounts& current) { return current; });
  for (const auto& states : counts.by_route) {
    for (const auto& [state, prompts] : states) status.ledger[state] += prompts;
  }
  status_.With([&](StatusReport& current) { current = std::move(status); });
}

std::string LearnerMetrics::StatusJson() const {
  return status_.With([](const StatusReport& status) { return status.ToJson(); });
}

}  // namespace cohort
