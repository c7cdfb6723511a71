// The ledger: every training prompt that was ever issued is pending or has exactly one end.
//
// Prompts of a route are issued by a cursor without gaps; `pending` is a set of live cursors and
// never computed by subtraction, so that Balances() is a check and not a tautology. A prompt below
// the cursor that is not pending has ended: that is how a restarted learner knows which redelivered
// samples to settle and not to train again. Values; belongs to the learner's thread.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

enum class GroupEnd : uint8_t {
  kTrained,
  kStale,          // older than the route's bound when a batch was formed
  kUninformative,  // all scored members equal
  kMasked,         // fewer than min_group members scored
  kExpired,        // members still running at the deadline
  kCancelled,      // nobody wants it any more
  kDead,           // its task failed too often
  kObserved,       // its verdicts counted and nothing learned from it (routes.trained = false)
};
inline constexpr std::array kGroupEnds = {
    GroupEnd::kTrained, GroupEnd::kStale,     GroupEnd::kUninformative, GroupEnd::kMasked,
    GroupEnd::kExpired, GroupEnd::kCancelled, GroupEnd::kDead,          GroupEnd::kObserved};
std::string_view GroupEndName(GroupEnd end);  // "trained", "stale", …

struct RouteLedger {
  uint64_t issued = 0;  // also the next cursor
  std::set<uint64_t> pending;
  std::array<uint64_t, kGroupEnds.size()> ends{};

  uint64_t ended(GroupEnd end) const { return ends[static_cast<size_t>(end)]; }
  bool HasEnded(uint64_t cursor) const { return cursor < issued && !pending.contains(cursor); }
  // The smallest cursor that may still be put again.
  uint64_t Floor() const { return pending.empty() ? issued : *pending.begin(); }
  bool Balances() const;
};

class Ledger {
 public:
  explicit Ledger(size_t routes) : routes_(routes) {}

  // Issues the route's next prompt and returns its cursor.
  uint64_t Issue(size_t route);
  // False when the prompt is not pending: nothing is counted twice.
  bool End(size_t route, uint64_t cursor, GroupEnd end);

  const RouteLedger& route(size_t route) const { return routes_[route]; }
  size_t routes() const { return routes_.size(); }
  bool Balances() const;

  // For the checkpoint. From refuses a ledger that does not balance or has other routes.
  std::string ToJson() const;
  static Result<Ledger> FromJson(std::string_view json, size_t routes);

 private:
  std::vector<RouteLedger> routes_;
};

}  // namespace cohort
