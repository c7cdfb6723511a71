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
  const Verdict* found = kept_.Find(key);
  if (tell_) tell_(scorer, found != nullptr);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

void VerdictCache::Keep(const Digest& key, const Verdict& verdict) {
  if (!WouldBeGivenAgain(verdict) || verdict.detail().size() > kLongestDetail) return;
  kept_.Add(key, verdict);
}

}  // namespace cohort
