#include "libs/rl/advantages.h"

#include <algorithm>
#include <cmath>

namespace cohort {
namespace {

bool IsScored(const GroupMember& member) {
  return member.reward.has_value() && std::isfinite(*member.reward);
}

struct Tally {
  int64_t scored = 0;
  int64_t correct = 0;
  double sum = 0;
  float lowest = 0;
  float highest = 0;
};

Tally Count(std::span<const GroupMember> group) {
  Tally tally;
  for (const GroupMember& member : group) {
    if (!IsScored(member)) continue;
    const float reward = *member.reward;
    tally.lowest = tally.scored == 0 ? reward : std::min(tally.lowest, reward);
    tally.highest = tally.scored == 0 ? reward : std::max(tally.highest, reward);
    tally.scored += 1;
    tally.correct += member.correct ? 1 : 0;
    tally.sum += reward;
  }
  return tally;
}

double SampleDeviation(std::span<const GroupMember> group, double mean, int64_t scored) {
  if (scored < 2) return 0;
  double squares = 0;
  for (const GroupMember& member : group) {
    if (IsScored(member)) squares += (*member.reward - mean) * (*member.reward - mean);
  }
  return std::sqrt(squares / static_cast<double>(scored - 1));
}

GroupSignal SignalOf(const Tally& tally, int64_t min_group) {
  if (tally.scored < std::max<int64_t>(min_group, 2)) return GroupSignal::kMasked;
  if (tally.lowest != tally.highest) return GroupSignal::kInformative;
  if (tally.correct == tally.scored) return GroupSignal::kAllRight;
  if (tally.correct == 0) return GroupSignal::kAllWrong;
  return GroupSignal::kEqual;
}

}  // namespace

std::string_view GroupSignalName(GroupSignal signal) {
  switch (signal) {
    case GroupSignal::kInformative:
      return "informative";
    case GroupSignal::kAllRight:
      return "all_right";
    case GroupSignal::kAllWrong:
      return "all_wrong";
    case GroupSignal::kEqual:
      return "equal";
    case GroupSignal::kMasked:
      return "masked";
  }
  return "unknown";
}

GroupAdvantages ComputeAdvantages(std::span<const GroupMember> group,
                                  const AdvantageOptions& options) {
  const Tally tally = Count(group);
  GroupAdvantages result;
  result.signal = SignalOf(tally, options.min_group);
  result.scored = tally.scored;
  if (tally.scored > 0) result.mean = tally.sum / static_cast<double>(tally.scored);
  // Equal rewards deviate by nothing, not by the rounding of their mean.
  if (tally.lowest != tally.highest) {
    result.deviation = SampleDeviation(group, result.mean, tally.scored);
  }
  result.advantages.assign(group.size(), 0.0f);
  if (result.signal != GroupSignal::kInformative) return result;
  const double scale =
      options.divide_by_deviation ? 1.0 / (result.deviation + options.epsilon) : 1.0;
  for (size_t i = 0; i < group.size(); ++i) {
    if (IsScored(group[i])) {
      result.advantages[i] = static_cast<float>((*group[i].reward - result.mean) * scale);
    }
  }
  return result;
}

}  // namespace cohort
