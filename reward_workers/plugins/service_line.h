// Who waits for a service, and whose turn it is: the line, its gate, its rate, everybody's
// patience.
//
// While the gate is closed (service_gate.h) everybody waits in line. Patience ends for who waited
// so long since the outage began, or since it stood in line where that was later; and for who was
// first sent away so long ago and is sent away again, so that one that the service takes never does
// not wait for ever; but not while others are answered, or only after many refusals: a service that
// works through the line has room for everybody in time. Who is refused goes to the end, and probes
// are taken from all over the line, so that a few that are always refused cannot keep it closed. No
// delay that a service asks for is longer than a quarter of the patience, so that it is probed
// before that ends. Pure: time is passed in. Belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "libs/base/clock.h"
#include "reward_workers/plugins/retry_delay.h"
#include "reward_workers/plugins/service_gate.h"

namespace cohort {

class ServiceLine {
 public:
  struct Options {
    Duration patience = std::chrono::minutes(2);
    double requests_per_second = 0;  // 0: without limit
    uint64_t seed = 1;               // of the delays
  };
  // Those that go in one request.
  struct Batch {
    std::vector<uint64_t> ids;
    ServiceGate::Pass pass;
  };

  explicit ServiceLine(const Options& options);

  // At the end of the line, now or at `due`. `alone`: it shares its request with nobody.
  void Add(uint64_t id, bool alone, Time now);
  void AddAt(Time due, uint64_t id, bool alone);
  // It is answered, or nobody wants it any more: forgotten, wherever it is.
  void Remove(uint64_t id);

  // Lets those into the line whose time has come. Returns those whose patience has ended, and
  // forgets them.
  std::vector<uint64_t> Advance(Time now);
  // The next request's, `most` at most; without ids when none may go now.
  Batch Take(size_t most, Time now);
  // When to look again, if nothing happens before. `full`: no request can be sent anyway.
  std::optional<Time> NextDue(bool full) const;

  // What became of a request. Refused: its rollouts wait on; else they are the caller's again.
  void Answered(const Batch& batch, Time now);
  void BrokeOff(const Batch& batch, Time now) { gate_.BrokeOff(batch.pass, now); }
  void GivenUp(const Batch& batch) { gate_.GivenUp(batch.pass); }
  void Refused(const Batch& batch, Time now, Duration asked);

 private:
  struct Member {
    bool alone = false;
    Time since{};                       // in line
    std::optional<Time> refused_since;  // first sent away
    uint64_t place = 0;
    int refusals = 0;
  };

  Time EndOfPatience(const Member& member) const;  // while the gate is closed
  void Stand(uint64_t id, const Member& member);
  std::map<uint64_t, uint64_t>::iterator NextInLine();

  const Options options_;
  ServiceGate gate_;
  RateLimit rate_;
  std::map<uint64_t, Member> members_;   // by id: in line, later or under way
  std::map<uint64_t, uint64_t> line_;    // id by place
  std::multimap<Time, uint64_t> later_;  // may name some that are forgotten
  std::vector<uint64_t> impatient_;      // not told yet
  uint64_t next_place_ = 1;
  uint32_t probes_ = 0;  // since the gate closed
  Time rate_opens_{};    // as far as the rate is known to be used up
  Time last_answered_{};
  std::optional<Time> next_impatient_;  // nobody's patience ends before, while closed
};

}  // namespace cohort
