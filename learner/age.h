// How old a rollout is, and what it waited for: generation, reward, queue, assembly. Pure.
//
// Actors, reward workers and the learner stamp a rollout by their wall clocks. Where those differ
// (several machines, a clock that was set) a part may come out as 0, never below.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "learner/group_assembly.h"

namespace cohort {

// Seconds.
struct AgeParts {
  double queue = 0;       // issue to first token, and last token to reward worker
  double generation = 0;  // first to last token
  double reward = 0;      // reward worker to score
  double assembly = 0;    // score to now: for the rest of the group, then for a step
  double total() const { return queue + generation + reward + assembly; }
};

AgeParts AgeOf(const Scored& scored, double now_seconds);
// Means over the samples that were judged; nothing when none was.
std::optional<AgeParts> AgeOf(const Group& group, double now_seconds);

// The ages of the last groups of a route.
class RecentAges {
 public:
  static constexpr size_t kGroups = 100;  // that are remembered

  void Add(const AgeParts& parts, uint64_t publications);
  bool empty() const { return groups_.empty(); }
  AgeParts MeanParts() const;
  double MeanPublications() const;  // of their oldest tokens

 private:
  struct One {
    AgeParts parts;
    uint64_t publications = 0;
  };
  std::deque<One> groups_;
};

}  // namespace cohort
