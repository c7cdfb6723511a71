#include "learner/admission.h"

#include <algorithm>
#include <limits>

namespace cohort {
namespace {

// A patient route starts with two shares: one being generated while the other is under evaluation.
constexpr uint64_t kFirstShares = 2;

}  // namespace

Admission::Admission(std::vector<RouteShare> routes) : routes_(std::move(routes)) {
  least_staleness_ = std::numeric_limits<uint64_t>::max();
  for (const RouteShare& route : routes_) {
    if (route.trained) least_staleness_ = std::min(least_staleness_, route.max_staleness);
  }
  for (const RouteShare& route : routes_) turns_.push_back(kFirstShares * route.share);
}

uint64_t Admission::MayIssue(size_t route, uint64_t pending, uint64_t steps_left) const {
  const RouteShare& limits = routes_[route];
  const uint64_t bound = limits.share * std::min(limits.max_staleness + 1, steps_left);
  const uint64_t room = bound > pending ? bound - pending : 0;
  return Paces(route) ? room : std::min(room, turns_[route]);
}

void Admission::Issued(size_t route, uint64_t prompts) {
  turns_[route] -= std::min(turns_[route], prompts);
}

void Admission::EndedUnused(size_t route) { turns_[route] += 1; }

void Admission::StepDone() {
  for (size_t i = 0; i < routes_.size(); ++i) {
    turns_[i] = std::min(turns_[i] + routes_[i].share, kFirstShares * routes_[i].share);
  }
}

bool Admission::StepDue(const std::vector<uint64_t>& ready) const {
  for (size_t i = 0; i < routes_.size(); ++i) {
    if (Paces(i) && ready[i] < routes_[i].share) return false;
  }
  return true;
}

}  // namespace cohort
