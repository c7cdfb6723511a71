#include "learner/group_assembly.h"

#include <algorithm>
#include <utility>

namespace cohort {

namespace {

bool HasOutcome(const GroupSample& sample) { return sample.scored || sample.end; }

}  // namespace

uint32_t Group::scored() const {
  return static_cast<uint32_t>(std::count_if(
      samples.begin(), samples.end(),
      [](const GroupSample& sample) { return sample.scored && sample.scored->outcome.scored(); }));
}

uint32_t Group::missing() const {
  return static_cast<uint32_t>(samples.size() -
                               std::count_if(samples.begin(), samples.end(), HasOutcome));
}

Group& GroupAssembly::Partial(const PromptKey& key) {
  const auto [found, is_new] = partial_.try_emplace(key);
  if (is_new) {
    found->second.key = key;
    found->second.samples.resize(group_size_(key.space));
  }
  return found->second;
}

Result<GroupAssembly::Added> GroupAssembly::AddScored(const TaskId& id, const LeaseToken& lease,
                                                      std::shared_ptr<const Scored> scored) {
  if (id.IsPrompt() || id.index > group_size_(id.space)) {
    return InvalidArgument("sample " + id.ToString() + " lies outside its group of " +
                           std::to_string(group_size_(id.space)));
  }
  Group& partial = Partial({id.space, id.cursor});
  partial.leases[id] = lease;
  const uint32_t sample = id.index - 1;
  if (HasOutcome(partial.samples[sample])) return Added::kDuplicate;
  Fill(partial, sample, GroupSample{std::move(scored), std::nullopt, ""});
  return Added::kNew;
}

Status GroupAssembly::AddObituary(const TaskId& id, const LeaseToken& lease,
                                  const Obituary& obituary) {
  const uint32_t size = group_size_(id.space);
  if (id.index > size) {
    return InvalidArgument("the obituary of " + id.ToString() + " lies outside its group of " +
                           std::to_string(size));
  }
  Group& partial = Partial({id.space, id.cursor});
  partial.leases[id] = lease;
  const GroupSample ended{nullptr, obituary.reason, obituary.detail};
  if (!id.IsPrompt()) {
    if (!HasOutcome(partial.samples[id.index - 1])) Fill(partial, id.index - 1, ended);
    return {};
  }
  for (uint32_t sample = 0; sample < size; ++sample) {
    const bool emitted = std::find(obituary.emitted.begin(), obituary.emitted.end(),
                                   id.Sample(sample)) != obituary.emitted.end();
    if (!emitted && !HasOutcome(partial.samples[sample])) Fill(partial, sample, ended);
  }
  return {};
}

void GroupAssembly::Fill(Group& partial, uint32_t sample, GroupSample outcome) {
  partial.samples[sample] = std::move(outcome);
  if (partial.missing() == 0) complete_[partial.key.space].insert(partial.key.cursor);
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

const Group* GroupAssembly::Find(const PromptKey& key) const {
  const auto found = partial_.find(key);
  return found == partial_.end() ? nullptr : &found->second;
}

std::vector<PromptKey> GroupAssembly::Incomplete() const {
  std::vector<PromptKey> keys;
  for (const auto& [key, partial] : partial_) {
    if (!IsComplete(key)) keys.push_back(key);
  }
  return keys;
}

Group GroupAssembly::Take(const PromptKey& key) {
  Group group = std::move(Partial(key));
  partial_.erase(key);
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
