#include "libs/messaging/client_held.h"

#include <utility>

namespace cohort {
namespace {
constexpr size_t kRememberedLosses = 65536;
}  // namespace

void HeldLeases::Add(const LeaseToken& token, std::string queue, const TaskId& id) {
  Lease lease;
  lease.queue = std::move(queue);
  lease.id = id;
  held_[token] = std::move(lease);
}

HeldLeases::Lease* HeldLeases::Find(const LeaseToken& token) {
  const auto found = held_.find(token);
  return found == held_.end() ? nullptr : &found->second;
}

std::optional<HeldLeases::Lease> HeldLeases::Lose(const LeaseToken& token, Status why) {
  const auto found = held_.find(token);
  if (found == held_.end()) return std::nullopt;
  Lease lease = std::move(found->second);
  held_.erase(found);
  if (lost_.emplace(token, std::move(why)).second) lost_order_.push_back(token);
  if (lost_order_.size() > kRememberedLosses) {
    lost_.erase(lost_order_.front());
    lost_order_.pop_front();
  }
  return lease;
}

Status HeldLeases::WhyNotHeld(const LeaseToken& token) const {
  const auto found = lost_.find(token);
  return found != lost_.end() ? found->second : NotFound("the lease is not known here");
}

std::vector<LeaseToken> HeldLeases::All() const {
  std::vector<LeaseToken> tokens;
  tokens.reserve(held_.size());
  for (const auto& [token, lease] : held_) tokens.push_back(token);
  return tokens;
}

std::vector<LeaseToken> HeldLeases::Accepted() const {
  std::vector<LeaseToken> tokens;
  for (const auto& [token, lease] : held_) {
    if (lease.accepted && !lease.ending) tokens.push_back(token);
  }
  return tokens;
}

std::vector<RenewCommand> HeldLeases::Renewals(Time now, size_t most) const {
  std::vector<RenewCommand> renewals;
  for (const auto& [token, lease] : held_) {
    if (lease.ending || !(lease.accepted || now < lease.renew_until)) continue;
    if (renewals.empty() || renewals.back().tokens.size() == most) renewals.emplace_back();
    RenewCommand& renewal = renewals.back();
    renewal.tokens.push_back(token);
    if (renewal.phases.empty() && lease.phase.empty()) continue;
    renewal.phases.resize(renewal.tokens.size());
    renewal.phases.back() = lease.phase;
  }
  return renewals;
}

}  // namespace cohort
