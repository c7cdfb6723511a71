// Runs a random life on the queue machine and the naive broker at once, playing the server between
// them and the peers: events are held back until the journal is durable, the power fails, the
// broker starts again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/broker/random_commands.h"
#include "tests/broker/simulated_journal.h"

namespace cohort {

struct ModelCounts {
  uint64_t steps = 0, deliveries = 0, ends = 0, crashes = 0, power_cuts = 0, lost_changes = 0,
           changes = 0, dropped = 0, confirmed = 0, revived = 0, purged = 0;
  void operator+=(const ModelCounts& other);
};

struct Verdict {
  std::string wrong;  // empty: nothing
  size_t at = 0;      // the step that showed it
  std::string story;  // one line for each step that did something, if it was asked for
  ModelCounts counts;
};

// What is broken on purpose, for tests of the tests.
struct Sabotage {
  JournalFault journal = JournalFault::kNone;
  // Changes the configuration of the machine alone.
  std::function<void(MachineConfig&)> machine;
};

Verdict RunLife(const RandomLife& life, const Sabotage& sabotage = {}, bool tell = false);

// The fewest steps found that still go wrong, in the same way or another.
RandomLife ShrinkLife(RandomLife life, const Sabotage& sabotage = {});
// The shrunk life of one that goes wrong: its seed, what is wrong, its configuration, its story.
std::string Report(const RandomLife& life, const Sabotage& sabotage = {});

}  // namespace cohort
