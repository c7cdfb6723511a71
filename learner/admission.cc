#include "learner/admission.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace cohort {
namespace {

// A patient route starts with two shares: one being generated while the other is under evaluation.
constexpr double kFirstShares = 2;
constexpr double kStepsRemembered = 32;
// Of the staleness bound: the age that groups should have where evaluations are too few.
constexpr double kAgeAimedAt = 0.75;
// Of the groups judged: more of them stale is no accident.
constexpr double kStaleAccepted = 0.05;

double MostUnderWay(const RouteShare& route) {
  return static_cast<double>(route.share) * (static_cast<double>(route.max_staleness) + 1);
}

}  // namespace

Admission::Admission(std::vector<RouteShare> routes) : routes_(std::move(routes)) {
  for (const RouteShare& route : routes_) {
    if (route.trained) least_staleness_ = std::min(least_staleness_, route.max_staleness);
    flows_.push_back(
        {.turns = kFirstShares * static_cast<double>(route.share), .room = MostUnderWay(route)});
  }
}

uint64_t Admission::MayIssue(size_t route, uint64_t pending, uint64_t steps_left) const {
  const RouteShare& limits = routes_[route];
  uint64_t bound = limits.share * std::min(limits.max_staleness + 1, steps_left);
  if (Paces(route)) return bound > pending ? bound - pending : 0;
  const Flow& flow = flows_[route];
  bound = std::min(bound, static_cast<uint64_t>(flow.room));
  const uint64_t room = bound > pending ? bound - pending : 0;
  return std::min(room, static_cast<uint64_t>(std::max(0.0, flow.turns)));
}

void Admission::Issued(size_t route, uint64_t prompts) {
  flows_[route].turns -= static_cast<double>(prompts);
}

void Admission::EndedUnused(size_t route, bool stale) {
  flows_[route].turns += 1;
  flows_[route].stale += stale ? 1 : 0;
}

void Admission::StepDone(const std::vector<RouteCounts>& counts) {
  for (size_t i = 0; i < routes_.size(); ++i) Step(routes_[i], counts[i], flows_[i]);
}

void Admission::Step(const RouteShare& route, const RouteCounts& counts, Flow& flow) const {
  const auto mean = [](double& value, uint64_t now) {
    value += (static_cast<double>(now) - value) / kStepsRemembered;
  };
  mean(flow.incomplete, counts.incomplete);
  mean(flow.completions, std::exchange(flow.completed, 0));
  const double share = static_cast<double>(route.share);
  const double longest = static_cast<double>(route.max_staleness) + 1;
  const double steps =  // from issue to completion, and one until a step takes it
      flow.completions == 0 ? longest : std::min(longest, flow.incomplete / flow.completions + 1);

  const bool surplus_missing =
      static_cast<double>(counts.incomplete + counts.ready) < route.over_sampling * share * steps;
  const double pace = share * (surplus_missing ? route.over_sampling : 1.0);
  flow.turns = std::min(flow.turns + pace, kFirstShares * pace);

  if (flow.completions == 0) return;
  flow.least_ready = std::min(flow.least_ready, counts.ready);
  flow.steps += 1;
  flow.until_look -= 1;
  if (flow.until_look <= 0) Look(route, steps, flow);
}

void Admission::Look(const RouteShare& route, double steps_of_group, Flow& flow) const {
  const double share = static_cast<double>(route.share);
  const double reserve = (route.over_sampling - 1) * share * steps_of_group;
  const double left_out = std::max(0.0, static_cast<double>(flow.least_ready) - reserve);
  flow.turns -= std::floor(left_out);
  flow.until_look = steps_of_group + left_out / share;  // when what was left out shows

  const double aim = kAgeAimedAt * static_cast<double>(route.max_staleness);
  if (static_cast<double>(flow.stale) > kStaleAccepted * flow.judged) {
    const double judged_a_step = flow.judged / static_cast<double>(flow.steps);
    flow.room = std::max(share, std::floor(judged_a_step * aim));
  } else if (steps_of_group < aim) {
    flow.room = std::min(flow.room + std::max(share, flow.room / 8), MostUnderWay(route));
  }
  flow.least_ready = kNone;
  flow.judged = 0;
  flow.stale = flow.steps = 0;
}

}  // namespace cohort
