#include "reward_workers/plugins/service_gate.h"

#include <algorithm>

#include "reward_workers/plugins/retry_delay.h"

namespace cohort {
namespace {

constexpr int kMostDoublings = 6;

}  // namespace

bool ServiceGate::MayPass(Time now) const {
  return IsOpen() || (!probing_ && now >= closed_until_);
}

std::optional<Time> ServiceGate::OpensAt() const {
  if (probing_) return std::nullopt;
  return closed_until_;
}

ServiceGate::Pass ServiceGate::Enter() {
  const Pass pass{openings_, !IsOpen()};
  probing_ = pass.probe;
  return pass;
}

void ServiceGate::Answered(Pass pass) {
  if (!pass.probe) return;
  ++openings_;
  closed_since_.reset();
  closed_until_ = {};
  refusals_ = 0;
  probing_ = false;
}

void ServiceGate::Refused(Pass pass, Time now, Duration asked) {
  if (pass.opening != openings_) return;
  if (IsOpen() || pass.probe) {
    if (IsOpen()) closed_since_ = now;
    probing_ = false;
    closed_until_ = now + Delay(refusals_++);
  }
  closed_until_ = std::max(closed_until_, now + asked);
}

void ServiceGate::BrokeOff(Pass pass, Time now) {
  if (!pass.probe) return;
  probing_ = false;
  closed_until_ = now + Delay(refusals_ - 1);
}

void ServiceGate::GivenUp(Pass pass) {
  if (pass.probe) probing_ = false;
}

Duration ServiceGate::Delay(int refusals_before) {
  return RetryDelay(std::min(refusals_before, kMostDoublings), rng_.Uniform());
}

}  // namespace cohort
