// Group assembly: joins scored samples by prompt and index into groups.
//
// A group is complete when each of its samples has an outcome: scored or masked by its reward
// worker, or ended in the broker (dead, expired, cancelled). Samples may come before their prompt
// was issued (a restarted learner meets those of prompts that it issued after its checkpoint); they
// wait. Duplicates are dropped by id: the first outcome stands, the newest lease is kept. Nothing
// here depends on the order of arrival but which of two duplicates is first. Pure; belongs to the
// learner's thread.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/base/ids.h"
#include "libs/messaging/broker_client.h"
#include "libs/protocol/types.h"

namespace cohort {

// The outcome of one sample of a group.
struct GroupSample {
  std::shared_ptr<const Scored> scored;  // null when the task ended without a result
  std::optional<EndReason> end;          // then: why
  std::string detail;
};

// Names a prompt within the run.
struct PromptKey {
  uint64_t space = 0;
  uint64_t cursor = 0;
  auto operator<=>(const PromptKey&) const = default;
};

struct Group {
  PromptKey key;
  std::vector<GroupSample> samples;     // by index
  std::map<TaskId, LeaseToken> leases;  // to be settled when the group's end is durable
  uint32_t scored() const;              // samples with a reward
  uint32_t missing() const;             // samples without an outcome
};

class GroupAssembly {
 public:
  // `group_size` tells how many samples the prompts of a space have.
  explicit GroupAssembly(std::function<uint32_t(uint64_t space)> group_size)
      : group_size_(std::move(group_size)) {}

  enum class Added { kNew, kDuplicate };
  // `id` names a sample. Invalid indices are refused.
  Result<Added> AddScored(const TaskId& id, const LeaseToken& lease,
                          std::shared_ptr<const Scored> scored);
  // `id` names a sample, or a prompt: then the end is that of every sample that was not emitted.
  Status AddObituary(const TaskId& id, const LeaseToken& lease, const Obituary& obituary);

  bool IsComplete(const PromptKey& key) const;
  // Keys of complete groups of a space, in order of issue.
  const std::set<uint64_t>& Complete(uint64_t space) const;
  // What there is of a group, complete or not; null when it is nothing. Until the next change.
  const Group* Find(const PromptKey& key) const;
  // Keys of the groups that have some samples and lack others, ascending.
  std::vector<PromptKey> Incomplete() const;
  // Removes a group, complete or not; empty samples have neither score nor end.
  Group Take(const PromptKey& key);
  // Leases of the samples held here.
  uint64_t HeldLeases() const;

 private:
  Group& Partial(const PromptKey& key);
  void Fill(Group& partial, uint32_t sample, GroupSample outcome);

  std::function<uint32_t(uint64_t)> group_size_;
  std::map<PromptKey, Group> partial_;
  std::map<uint64_t, std::set<uint64_t>> complete_;
};

}  // namespace cohort
