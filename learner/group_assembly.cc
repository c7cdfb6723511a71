#include "learner/group_assembly.h"

#include <algorithm>
#include <utility>

namespace cohort {

uint32_t Group::scored() const {
  return static_cast<uint32_t>(std::count_if(
      samples.begin(), samples.end(),
      [](const GroupSample& sample) { return sample.scored && sample.scored->outcome.scored(); }));
}

Result<GroupAssembly::Added> GroupAssembly::AddScored(const TaskId& id, const LeaseToken& lease,
                                                      std::shared_ptr<const Scored> scored) {
  if (id.IsPrompt() || id.index > group_size_(id.space)) {
    return InvalidArgument("sample " + id.ToString() + " lies outside its group of " +
                           std::to_string(group_size_(id.space)));
  }
  const PromptKey key{id.space, id.cursor};
  Partial& partial = partial_[key];
  partial.leases[id] = lease;
  const uint32_t sample = id.index - 1;
  if (partial.samples.contains(sample)) return Added::kDuplicate;
  Fill(key, partial, sample, GroupSample{std::move(scored), std::nullopt, ""});
  return Added::kNew;
}

Status GroupAssembly::AddObituary(const TaskId& id, const LeaseToken& lease,
                                  const Obituary& obituary) {
  const uint32_t size = group_size_(id.space);
  if (id.index > size) {
    return InvalidArgument("the obituary of " + id.ToString() + " lies outside its group of " +
                           std::to_string(size));
  }
  const PromptKey key{id.space, id.cursor};
  Partial& partial = partial_[key];
  partial.leases[id] = lease;
  const GroupSample ended{nullptr, obituary.reason, obituary.detail};
  if (!id.IsPrompt()) {
    if (!partial.samples.contains(id.index - 1)) Fill(key, partial, id.index - 1, ended);
    return {};
  }
  for (uint32_t sample = 0; sample < size; ++sample) {
    const bool emitted = std::find(obituary.emitted.begin(), obituary.emitted.end(),
                                   id.Sample(sample)) != obituary.emitted.end();
    if (!emitted && !partial.samples.contains(sample)) Fill(key, partial, sample, ended);
  }
  return {};
}

void GroupAssembly::Fill(const PromptKey& key, Partial& partial, uint32_t sample,
                         GroupSample outcome) {
  partial.samples[sample] = std::move(outcome);
  if (partial.samples.size() == group_size_(key.space)) complete_[key.space].insert(key.cursor);
}

bool GroupAssembly::IsComplete(const PromptKey& key) const {
  const auto space = complete_.find(key.space);
  return space != complete_.end() && space->second.contains(key.cursor);
}

const std::set<uint64_t>& GroupAssembly::Complete(uint64_t space) const {
  static const std::set<uint64_t> kNone;
  const auto found = complete_.find(space);
  return found == complete_.end() ? kNone : found->second;
}

std::vector<uint32_t> GroupAssembly::Have(const PromptKey& key) const {
  std::vector<uint32_t> have;
  if (const auto found = partial_.find(key); found != partial_.end()) {
    for (const auto& [sample, outcome] : found->second.samples) have.push_back(sample);
  }
  return have;
}

Group GroupAssembly::Take(const PromptKey& key) {
  Group group;
  group.key = key;
  group.samples.resize(group_size_(key.space));
  if (auto node = partial_.extract(key); !node.empty()) {
    for (auto& [sample, outcome] : node.mapped().samples)
      group.samples[sample] = std::move(outcome);
    group.leases = std::move(node.mapped().leases);
  }
  if (const auto space = complete_.find(key.space); space != complete_.end()) {
    space->second.erase(key.cursor);
    if (space->second.empty()) complete_.erase(space);
  }
  return group;
}

uint64_t GroupAssembly::HeldLeases() const {
  uint64_t held = 0;
  for (const auto& [key, partial] : partial_) held += partial.leases.size();
  return held;
}

}  // namespace cohort
