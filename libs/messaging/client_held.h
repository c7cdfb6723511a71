// The leases that a client holds, and for a while those it lost.
//
// Not thread-safe; belongs to the client's thread.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/messaging/commands.h"

namespace cohort {

class HeldLeases {
 public:
  struct Lease {
    std::string queue;
    TaskId id;
    Time renew_until = Time::max();
    std::string phase;  // what is done for it now, for people; empty: nothing to tell
    bool accepted = false;
    bool ending = false;  // settle, release or fail is under way: not renewed any more
  };

  void Add(const LeaseToken& token, std::string queue, const TaskId& id);
  Lease* Find(const LeaseToken& token);
  void Remove(const LeaseToken& token) { held_.erase(token); }
  // Removes it and remembers why, for verbs that still come. Nothing when it is not held.
  std::optional<Lease> Lose(const LeaseToken& token, Status why);
  // Why a lease that is not held is not: not found for one never heard of.
  Status WhyNotHeld(const LeaseToken& token) const;

  std::vector<LeaseToken> All() const;
  std::vector<LeaseToken> Accepted() const;
  // Those that the application still works on. Accepted ones too: where the broker had no room to
  // hold one it is an ordinary lease. At most `most` to a command.
  std::vector<RenewCommand> Renewals(Time now, size_t most) const;

 private:
  std::map<LeaseToken, Lease> held_;
  std::map<LeaseToken, Status> lost_;
  std::deque<LeaseToken> lost_order_;  // oldest first; bounds lost_
};

}  // namespace cohort
