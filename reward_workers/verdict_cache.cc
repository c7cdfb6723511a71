#include "reward_workers/verdict_cache.h"

#include <cstdint>

namespace cohort {
namespace {

constexpr size_t kLongestDetail = 1024;

bool WouldBeGivenAgain(const Verdict& verdict) {
  if (!verdict.applicable()) return true;
  switch (verdict.reason()) {
    case OutcomeReason::kGraded:
    case OutcomeReason::kUnparseable:
    case OutcomeReason::kOutsideBudget:
      return true;
    default:
      return false;
  }
}

}  // namespace

VerdictKey& VerdictKey::Add(std::string_view part) {
  const uint64_t size = part.size();
  digester_.Add(&size, sizeof(size));
  digester_.Add(part.data(), part.size());
  return *this;
}

std::optional<Verdict> VerdictCache::Find(const std::string& scorer, const Digest& key) {
  const auto found = places_.find(key);
  const bool hit = found != places_.end();
  if (tell_) tell_(scorer, hit);
  if (!hit) return std::nullopt;
  order_.splice(order_.begin(), order_, found->second);
  return found->second->second;
}

void VerdictCache::Keep(const Digest& key, const Verdict& verdict) {
  if (entries_ == 0 || !WouldBeGivenAgain(verdict) || places_.contains(key)) return;
  if (verdict.detail().size() > kLongestDetail) return;
  if (order_.size() >= entries_) {
    places_.erase(order_.back().first);
    order_.pop_back();
  }
  order_.emplace_front(key, verdict);
  places_[key] = order_.begin();
}

}  // namespace cohort
