#include "learner/records.h"

#include <nlohmann/json.hpp>

namespace cohort {
namespace {

using nlohmann::json;

json Header(const char* kind, const RecordPoint& point, const Clock& clock) {
  return {{"kind", kind},       {"time", clock.WallSeconds()},      {"stage", point.stage},
          {"step", point.step}, {"stage_index", point.stage_index}, {"version", point.version}};
}

json LedgerRecord(const Ledger& ledger) {
  std::map<std::string, uint64_t> sums;
  for (size_t i = 0; i < ledger.routes(); ++i) {
    sums["issued"] += ledger.route(i).issued;
    sums["pending"] += ledger.route(i).pending.size();
    for (GroupEnd end : kGroupEnds)
      sums[std::string(GroupEndName(end))] += ledger.route(i).ended(end);
  }
  return sums;
}

}  // namespace

Result<std::unique_ptr<RunRecords>> RunRecords::Open(const RunDirectory& directory,
                                                     const Tokenizer* tokenizer,
                                                     const Clock* clock) {
  COHORT_ASSIGN_OR_RETURN(JsonLinesWriter metrics, JsonLinesWriter::Open(directory.metrics()));
  COHORT_ASSIGN_OR_RETURN(JsonLinesWriter samples, JsonLinesWriter::Open(directory.samples()));
  COHORT_ASSIGN_OR_RETURN(JsonLinesWriter trained,
                          JsonLinesWriter::Open(directory.path() / "trained.jsonl"));
  return std::unique_ptr<RunRecords>(
      new RunRecords(std::move(metrics), std::move(samples), std::move(trained), tokenizer, clock));
}

RunRecords::RunRecords(JsonLinesWriter metrics, JsonLinesWriter samples, JsonLinesWriter trained,
                       const Tokenizer* tokenizer, const Clock* clock)
    : metrics_(std::move(metrics)),
      samples_(std::move(samples)),
      trained_(std::move(trained)),
      tokenizer_(tokenizer),
      clock_(clock) {}

Status RunRecords::Stage(const RecordPoint& point, bool begin, int64_t steps) {
  json record = Header("stage", point, *clock_);
  record["event"] = begin ? "begin" : "end";
  record["steps"] = steps;
  return metrics_.Append(record);
}

Status RunRecords::Resumed(const RecordPoint& point, double saved_at) {
  json record = Header("resumed", point, *clock_);
  record["checkpoint_time"] = saved_at;
  return metrics_.Append(record);
}

Status RunRecords::Done() {
  return metrics_.Append({{"kind", "done"}, {"time", clock_->WallSeconds()}});
}

Status RunRecords::SftStep(const RecordPoint& point, const StepStats& stats, double seconds) {
  json record = Header("sft", point, *clock_);
  record["loss"] = stats.loss;
  record["grad_norm"] = stats.grad_norm;
  record["learning_rate"] = stats.learning_rate;
  record["tokens"] = stats.tokens_trained;
  record["seconds"] = seconds;
  return metrics_.Append(record);
}

Status RunRecords::GrpoStep(const RecordPoint& point, const StepStats& stats,
                            const BatchFigures& figures, const std::vector<GroupSignal>& signals,
                            const Ledger& ledger, const StepTimes& times,
                            const std::vector<RouteStep>& routes) {
  const double seconds = times.all;
  json record = Header("step", point, *clock_);
  record["seconds"] = seconds;
  record["wait_seconds"] = times.waited;
  record["broker_wait_seconds"] = times.waited_for_broker;
  for (const RouteStep& route : routes) {
    const auto waited = times.waited_for.find(route.name);
    record["routes"][route.name] = {
        {"groups", route.groups},
        {"pending", route.pending},
        {"ready", route.ready},
        {"wait_seconds", waited == times.waited_for.end() ? 0.0 : waited->second}};
  }
  record["reward"] = figures.reward;
  record["correct"] = figures.correct;
  record["components"] = figures.components;
  record["length"] = figures.length;
  record["truncated"] = figures.truncated;
  record["samples"] = figures.samples;
  record["masked_samples"] = figures.masked;
  record["tokens"] = figures.tokens;
  record["tokens_per_second"] = seconds > 0 ? static_cast<double>(figures.tokens) / seconds : 0.0;
  record["staleness_mean"] = figures.staleness_mean;
  record["staleness_max"] = figures.staleness_max;
  record["age"] = {{"queue_seconds", figures.age.queue},
                   {"generation_seconds", figures.age.generation},
                   {"reward_seconds", figures.age.reward},
                   {"assembly_seconds", figures.age.assembly}};
  record["loss"] = stats.loss;
  record["grad_norm"] = stats.grad_norm;
  record["learning_rate"] = stats.learning_rate;
  record["optimizer_steps"] = stats.optimizer_steps;
  record["kl_ref"] = stats.kl_reference;
  record["kl_behaviour"] = stats.kl_behaviour;
  record["clip_low"] = stats.clip_low;
  record["clip_high"] = stats.clip_high;
  record["entropy"] = stats.entropy;
  record["tokens_trained"] = stats.tokens_trained;
  record["gap"] = {{"tokens", stats.gap_tokens},
                   {"nonzero", stats.gap_nonzero},
                   {"max", stats.gap_max},
                   {"mixed_tokens", stats.mixed_tokens},
                   {"mixed_max", stats.mixed_gap_max}};
  record["phases"] = {
      {"forward_seconds", stats.seconds_forward},     {"backward_seconds", stats.seconds_backward},
      {"reference_seconds", stats.seconds_reference}, {"proximal_seconds", stats.seconds_proximal},
      {"optimizer_seconds", stats.seconds_optimizer}, {"train_seconds", stats.seconds_total}};
  json groups = json::object();
  for (const GroupSignal signal : signals) {
    json& count = groups[std::string(GroupSignalName(signal))];
    count = count.is_null() ? 1 : count.get<int>() + 1;
  }
  record["groups"] = groups;
  record["ledger"] = LedgerRecord(ledger);
  return metrics_.Append(record);
}

Status RunRecords::Evaluation(const EvaluationResult& result, const std::string& stage) {
  const RecordPoint point{result.point.stage_index, stage, result.point.step, result.version};
  json record = Header("evaluation", point, *clock_);
  record["pass_at_1"] = result.pass_at_1;
  record["stderr"] = result.standard_error;
  record["length"] = result.mean_length;
  record["samples"] = result.samples.size();
  record["masked"] = result.masked;
  record["seconds"] = result.seconds;
  COHORT_RETURN_IF_ERROR(metrics_.Append(record));
  for (const auto& scored : result.samples) {
    COHORT_RETURN_IF_ERROR(Sample(point, *scored, "evaluated", /*evaluation=*/true));
  }
  return {};
}

Status RunRecords::GroupEnded(const RecordPoint& point, const Group& group,
                              const std::string& route, GroupEnd end) {
  for (const GroupSample& sample : group.samples) {
    if (!sample.scored) continue;
    COHORT_RETURN_IF_ERROR(
        Sample(point, *sample.scored, std::string(GroupEndName(end)), /*evaluation=*/false));
  }
  return {};
}

Status RunRecords::Sample(const RecordPoint& point, const Scored& scored, const std::string& end,
                          bool evaluation) {
  const Rollout& rollout = scored.rollout;
  json components = json::object();
  for (const RewardComponent& component : scored.outcome.components()) {
    components[component.name] = component.value;
  }
  json versions = json::array();
  for (const VersionRun& run : rollout.versions) versions.push_back({run.version, run.tokens});
  json record = {{"time", clock_->WallSeconds()},
                 {"step", point.step},
                 {"stage_index", point.stage_index},
                 {"version", point.version},
                 {"purpose", evaluation ? "eval" : "train"},
                 {"id", rollout.id().ToString()},
                 {"row", rollout.prompt.row},
                 {"route", rollout.prompt.route},
                 {"sample", rollout.sample},
                 {"prompt", tokenizer_->Decode(rollout.prompt.tokens, /*skip_special=*/false)},
                 {"completion", scored.completion},
                 {"truth", rollout.prompt.truth},
                 {"tokens", rollout.tokens},
                 {"length", rollout.tokens.size()},
                 {"correct", scored.outcome.correct()},
                 {"outcome", OutcomeReasonName(scored.outcome.reason())},
                 {"detail", scored.outcome.detail()},
                 {"components", components},
                 {"finish", FinishReasonName(rollout.finish)},
                 {"versions", versions},
                 {"actor", rollout.actor},
                 {"worker", scored.worker},
                 {"end", end}};
  const std::optional<double> reward = scored.outcome.reward();
  if (!scored.outcome.evidence().empty()) record["evidence"] = scored.outcome.evidence();
  record["reward"] = reward ? json(*reward) : json();
  if (evaluation) record["evaluation"] = {{"stage_index", point.stage_index}, {"step", point.step}};
  return samples_.Append(record);
}

Status RunRecords::Trained(const RecordPoint& point, uint64_t parent,
                           const std::vector<Group>& batch) {
  json record = {{"stage_index", point.stage_index},
                 {"step", point.step},
                 {"version", point.version},
                 {"parent", parent}};
  json& samples = record["samples"] = json::array();
  for (const Group& group : batch) {
    for (const GroupSample& sample : group.samples) {
      if (sample.scored) samples.push_back(sample.scored->rollout.id().ToString());
    }
  }
  return trained_.Append(record);
}

}  // namespace cohort
