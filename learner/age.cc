#include "learner/age.h"

#include <algorithm>

namespace cohort {
namespace {

double Between(double from, double to) { return std::max(0.0, to - from); }

void AddTo(AgeParts& sum, const AgeParts& parts, double weight) {
  sum.queue += weight * parts.queue;
  sum.generation += weight * parts.generation;
  sum.reward += weight * parts.reward;
  sum.assembly += weight * parts.assembly;
}

}  // namespace

AgeParts AgeOf(const Scored& scored, double now_seconds) {
  const Rollout& rollout = scored.rollout;
  AgeParts parts;
  parts.queue = Between(rollout.prompt.issued_at, rollout.started_at) +
                Between(rollout.finished_at, scored.received_at);
  parts.generation = Between(rollout.started_at, rollout.finished_at);
  parts.reward = Between(scored.received_at, scored.scored_at);
  parts.assembly = Between(scored.scored_at, now_seconds);
  return parts;
}

std::optional<AgeParts> AgeOf(const Group& group, double now_seconds) {
  const auto judged =
      std::count_if(group.samples.begin(), group.samples.end(),
                    [](const GroupSample& sample) { return sample.scored != nullptr; });
  if (judged == 0) return std::nullopt;
  AgeParts mean;
  for (const GroupSample& sample : group.samples) {
    if (sample.scored)
      AddTo(mean, AgeOf(*sample.scored, now_seconds), 1 / static_cast<double>(judged));
  }
  return mean;
}

void RecentAges::Add(const AgeParts& parts, uint64_t publications) {
  if (groups_.size() == kGroups) groups_.pop_front();
  groups_.push_back({parts, publications});
}

AgeParts RecentAges::MeanParts() const {
  AgeParts mean;
  for (const One& one : groups_) AddTo(mean, one.parts, 1 / static_cast<double>(groups_.size()));
  return mean;
}

double RecentAges::MeanPublications() const {
  double sum = 0;
  for (const One& one : groups_) sum += static_cast<double>(one.publications);
  return groups_.empty() ? 0 : sum / static_cast<double>(groups_.size());
}

}  // namespace cohort
