// Admission: how many prompts of each route may be under way, and when a step is due.
//
// The prompt queue is the fleet's throttle: nothing downstream can run away from what is admitted
// here. A route has a share of each step (its groups_per_step). Trained routes with the smallest
// staleness bound pace the steps: they may fill their bound, share × (max_staleness + 1), at once,
// and a step is due when each of them has its share ready. With staleness 0 a pacing route has
// exactly one share under way, so that a step is made of exactly the groups issued for it.
//
// More patient routes give a step what they have ready, up to their share: a step never waits for
// them. They are issued at the pace of their share, so that they do not flood the actors, and for
// each group that ends without a place in a step one more. That keeps what is under way constant,
// which is right only as long as evaluations take equally long:
//   - groups that lie ready step after step (evaluations became quicker, or steps did without)
//   would make every later group as much older, in the end all of them stale. When at least so many
//   were ready throughout the time that a group takes, as many turns are left out.
//   - over_sampling > 1 keeps some ready on purpose, so that steps have their share through a
//   hiccup: the pace is higher until over_sampling × share × (steps that a group takes + 1) are
//   under way, and only what lies ready beyond that surplus is left out. Groups grow older by as
//   much.
//   - where more is issued than can be evaluated, every group would wait until it was stale. When
//   groups end so, no more are under way than can be judged in three quarters of the bound, at the
//   rate of late; while they take less than that, the room grows again. Steps then have less than
//   their share, and what is evaluated is trained.
// How long a group takes is Little's law over the last steps: groups that are not complete, by
// completions a step. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace cohort {

struct RouteShare {
  uint64_t share = 1;          // groups of a step
  uint64_t max_staleness = 0;  // publications
  bool trained = true;         // otherwise no step waits for it, whatever its patience
  double over_sampling = 1;    // ≥ 1; of patient routes
};

// Groups of a route under way, by what they wait for.
struct RouteCounts {
  uint64_t incomplete = 0;  // some of its samples
  uint64_t ready = 0;       // a step
};

class Admission {
 public:
  explicit Admission(std::vector<RouteShare> routes);

  // How many prompts of a route may be issued now, with `pending` under way and `steps_left` steps
  // to go (this one included): no more is issued than the rest of the stage can train.
  uint64_t MayIssue(size_t route, uint64_t pending, uint64_t steps_left) const;
  void Issued(size_t route, uint64_t prompts);
  // A sample was judged; `groups`: which part of its group it is.
  void Judged(size_t route, double groups) { flows_[route].judged += groups; }
  // A group waits for no sample any more.
  void Completed(size_t route) { flows_[route].completed += 1; }
  // A prompt ended without a place in a step: another may take its turn. `stale`: for its age.
  void EndedUnused(size_t route, bool stale);
  // `counts[route]`: what the step has left.
  void StepDone(const std::vector<RouteCounts>& counts);

  bool Paces(size_t route) const {
    return routes_[route].trained && routes_[route].max_staleness == least_staleness_;
  }
  // Whether a step needs no more of this route: it is due when that holds for all. `ready`: groups
  // that are complete.
  bool HasItsShare(size_t route, uint64_t ready) const {
    return !Paces(route) || ready >= routes_[route].share;
  }

 private:
  // Of a patient route.
  struct Flow {
    double turns = 0;        // prompts that it may issue still; below 0: turns left out
    double incomplete = 0;   // groups; exponential mean over the last steps
    double completions = 0;  // a step, likewise
    uint64_t completed = 0;  // since the last step
    double room = 0;         // groups that may be under way
    // Since the last look, which is `until_look` steps before the next:
    uint64_t least_ready = kNone;
    double judged = 0;   // groups
    uint64_t stale = 0;  // ends
    uint64_t steps = 0;
    double until_look = 0;
  };
  static constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();

  void Step(const RouteShare& route, const RouteCounts& counts, Flow& flow) const;
  // Once in the time that a group takes.
  void Look(const RouteShare& route, double steps_of_group, Flow& flow) const;

  std::vector<RouteShare> routes_;
  uint64_t least_staleness_ = kNone;
  std::vector<Flow> flows_;
};

}  // namespace cohort
