// Advantages of a group: how much better than its siblings a completion was.
//
// A_i = (r_i - mean) / (deviation + 1e-4) over the scored members of the group, with the sample
// deviation (n - 1), as DeepSeekMath (arXiv 2402.03300, section 4.1.2) and DeepSeek-R1 (arXiv
// 2501.12948, equation 3) write it. Without the division it is Dr. GRPO's (arXiv 2503.20783).
// Members without a score are out of mean and deviation, never a zero. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace cohort {

struct AdvantageOptions {
  int64_t min_group = 2;  // fewer scored members: the group is masked; below 2 counts as 2
  bool divide_by_deviation = true;
  double epsilon = 1e-4;  // added to the deviation
};

enum class GroupSignal {
  kInformative,
  kAllRight,  // scored rewards are all equal, and every scored member is correct
  kAllWrong,  // … and none is correct
  kEqual,     // … and some are correct: nothing to learn from this reward all the same
  kMasked,    // too few scored members
};

// "informative", "all_right", "all_wrong", "equal", "masked": values of metrics and logs.
std::string_view GroupSignalName(GroupSignal signal);

struct GroupMember {
  std::optional<float> reward;  // nothing: masked; a reward that is not finite counts as nothing
  bool correct = false;         // by the criterion of pass@1; read only where there is a reward
};

struct GroupAdvantages {
  GroupSignal signal = GroupSignal::kMasked;
  int64_t scored = 0;
  double mean = 0;       // of the scored rewards; 0 without any
  double deviation = 0;  // sample deviation of the scored rewards; 0 below two
  // One per member; 0 for those without a score and wherever the signal is not kInformative.
  std::vector<float> advantages;
};

GroupAdvantages ComputeAdvantages(std::span<const GroupMember> group,
                                  const AdvantageOptions& options);

}  // namespace cohort
