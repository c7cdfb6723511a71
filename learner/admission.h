// Admission: how many prompts of each route may be under way, and when a step is due.
//
// The prompt queue is the fleet's throttle: nothing downstream can run away from what is admitted
// here. A route has a share of each step (its groups_per_step). Trained routes with the smallest
// staleness bound pace the steps: they may fill their bound, share × (max_staleness + 1), at once,
// and a step is due when each of them has its share ready. More patient routes are issued at the
// pace of their share, so that they do not flood the actors, and give a step what they have ready,
// up to their share: a step never waits for them. With staleness 0 a pacing route has exactly one
// share under way, so that a step is made of exactly the groups issued for it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cohort {

struct RouteShare {
  uint64_t share = 1;          // groups of a step
  uint64_t max_staleness = 0;  // publications
  bool trained = true;         // otherwise no step waits for it, whatever its patience
};

class Admission {
 public:
  explicit Admission(std::vector<RouteShare> routes);

  // How many prompts of a route may be issued now, with `pending` under way and `steps_left` steps
  // to go (this one included): no more is issued than the rest of the stage can train.
  uint64_t MayIssue(size_t route, uint64_t pending, uint64_t steps_left) const;
  void Issued(size_t route, uint64_t prompts);
  // A prompt ended without a place in a step: another may take its turn.
  void EndedUnused(size_t route);
  void StepDone();

  bool Paces(size_t route) const {
    return routes_[route].trained && routes_[route].max_staleness == least_staleness_;
  }
  // `ready[route]`: groups that are complete.
  bool StepDue(const std::vector<uint64_t>& ready) const;

 private:
  std::vector<RouteShare> routes_;
  uint64_t least_staleness_ = 0;
  std::vector<uint64_t> turns_;  // prompts that a patient route may issue still
};

}  // namespace cohort
