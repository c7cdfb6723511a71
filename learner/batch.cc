#include "learner/batch.h"

#include <algorithm>

#include "learner/group_flow.h"

namespace cohort {
namespace {

TrainSample ToTrainSample(const GroupSample& sample, uint64_t version) {
  TrainSample result;
  if (!sample.scored) return result;
  const Rollout& rollout = sample.scored->rollout;
  result.tokens = rollout.tokens;
  result.behaviour_logprobs = rollout.logprobs;
  result.mixed = rollout.versions.size() > 1;
  result.on_policy = !result.mixed && rollout.versions.front().version == version;
  result.in_loss = sample.scored->outcome.scored();
  return result;
}

}  // namespace

PreparedBatch PrepareBatch(const std::vector<Group>& batch, uint64_t version,
                           const std::vector<int64_t>& min_group_of_route) {
  PreparedBatch prepared;
  for (const Group& group : batch) {
    TrainGroup train;
    std::vector<GroupMember> members;
    for (const GroupSample& sample : group.samples) {
      if (sample.scored && train.prompt.empty())
        train.prompt = sample.scored->rollout.prompt.tokens;
      train.samples.push_back(ToTrainSample(sample, version));
      GroupMember member;
      if (sample.scored && sample.scored->outcome.scored()) {
        member.reward = static_cast<float>(*sample.scored->outcome.reward());
        member.correct = sample.scored->outcome.correct();
      }
      members.push_back(member);
    }
    AdvantageOptions options;
    options.min_group = min_group_of_route[group.key.space - 1];
    const GroupAdvantages advantages = ComputeAdvantages(members, options);
    for (size_t i = 0; i < train.samples.size(); ++i) {
      train.samples[i].advantage = advantages.advantages[i];
      if (advantages.signal == GroupSignal::kMasked) train.samples[i].in_loss = false;
    }
    prepared.groups.push_back(std::move(train));
    prepared.signals.push_back(advantages.signal);
    prepared.ends.push_back(advantages.signal == GroupSignal::kInformative ? GroupEnd::kTrained
                            : advantages.signal == GroupSignal::kMasked    ? GroupEnd::kMasked
                                                                        : GroupEnd::kUninformative);
  }
  return prepared;
}

BatchFigures Measure(const std::vector<Group>& batch, const VersionLines& lines, uint64_t version,
                     double now_seconds) {
  BatchFigures figures;
  std::map<std::string, double> component_samples;
  for (const Group& group : batch) {
    const Result<uint64_t> age = GroupAge(lines, group, version);
    if (age.ok()) {
      figures.staleness_mean += static_cast<double>(*age) / static_cast<double>(batch.size());
      figures.staleness_max = std::max(figures.staleness_max, *age);
    }
    for (const GroupSample& sample : group.samples) {
      if (!sample.scored || !sample.scored->outcome.scored()) {
        figures.masked += 1;
        continue;
      }
      const Scored& scored = *sample.scored;
      figures.samples += 1;
      figures.tokens += scored.rollout.tokens.size();
      figures.reward += *scored.outcome.reward();
      figures.correct += scored.outcome.correct() ? 1 : 0;
      figures.truncated += scored.rollout.finish == FinishReason::kLength ? 1 : 0;
      for (const RewardComponent& component : scored.outcome.components()) {
        figures.components[component.name] += component.value;
        component_samples[component.name] += 1;
      }
      const AgeParts age = AgeOf(scored, now_seconds);
      figures.age.queue += age.queue;
      figures.age.generation += age.generation;
      figures.age.reward += age.reward;
      figures.age.assembly += age.assembly;
    }
  }
  if (figures.samples == 0) return figures;
  const double samples = static_cast<double>(figures.samples);
  figures.length = static_cast<double>(figures.tokens) / samples;
  for (double* mean : {&figures.reward, &figures.correct, &figures.truncated, &figures.age.queue,
                       &figures.age.generation, &figures.age.reward, &figures.age.assembly}) {
    *mean /= samples;
  }
  // A route may lack a component: its mean is over those samples that have it.
  for (auto& [name, value] : figures.components) value /= component_samples[name];
  return figures;
}

}  // namespace cohort
