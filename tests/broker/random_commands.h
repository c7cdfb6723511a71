// Seeded random lives of a broker, as data: a sequence of steps that can be run, cut short, thinned
// out and run again.
//
// A step says what is done and brings a seed of its own for the details, which are drawn against
// the state of things when it is done. So it still means something when steps before it are gone.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "broker/machine/machine_types.h"
#include "libs/base/rng.h"
#include "tests/broker/machine_dump.h"

namespace cohort {

enum class Act : uint8_t {
  kHello,
  kGoodbye,
  kDisconnect,
  kTime,
  kLongTime,
  kPut,
  kFloor,
  kCancel,
  kSubscribe,
  kCredit,
  kBegin,
  kEmit,
  kSettle,
  kRenew,
  kAccept,
  kRelease,
  kFail,
  kOperate,  // a verb of operators
  kCrash,    // of the process
  // Of durable machines only.
  kPowerCut,
  kSync,     // what was written so far is durable
  kRewrite,  // some of the oldest records are written anew
  kDropOld,  // … and what nobody needs any more may go
  kDiskFull,
  kDiskFree,
};

struct Step {
  Act act = Act::kTime;
  uint64_t seed = 0;
};

struct RandomLife {
  uint64_t seed = 0;
  MachineConfig config;
  bool any_flows = false;  // results go to any queue, also where they must not
  std::vector<Step> steps;
};

// Every second life is of a durable broker, some of those with queues in memory.
RandomLife MakeLife(uint64_t seed, size_t steps);

// A lease as its holder knows it.
struct KnownLease {
  LeaseToken token;
  std::string queue;
  TaskId id;
};

// Draws the commands of the processes, which remember what they have done.
class CommandMaker {
 public:
  explicit CommandMaker(bool any_flows) : any_flows_(any_flows) {}

  // A command of the session, which holds these leases. `epoch` is the broker's.
  Verb Make(Act act, Rng& rng, SessionId session, uint64_t epoch,
            const std::vector<KnownLease>& held);
  LeaseToken NoToken(Rng& rng, uint64_t epoch) const;

 private:
  const std::string& AnyQueue(Rng& rng) const;
  TaskSpec AnyTask(Rng& rng, const std::string& queue, TaskId id) const;
  Verb AnyOperatorsVerb(Rng& rng) const;
  std::vector<TaskSpec> AnyChildren(Rng& rng, const KnownLease& parent) const;
  KnownLease AnyLease(Rng& rng, uint64_t epoch, const std::vector<KnownLease>& held) const;

  const bool any_flows_;
  uint64_t cursor_ = 1;
  std::map<SessionId, uint64_t> granted_;
  std::deque<KnownLease> settled_;
};

// One line.
std::string Describe(const Verb& verb);

}  // namespace cohort
