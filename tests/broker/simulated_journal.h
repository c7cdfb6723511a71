// A journal in memory, which forgets with the power what was not synced.
//
// Keeps changes as the real one does: encoded, numbered without gaps, dropped from the front once
// nothing in them is current and what took their place is durable. It says when its user gives it
// changes that a journal could not keep.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/journal/record.h"
#include "broker/machine/changes.h"
#include "broker/machine/queue_machine.h"

namespace cohort {

// How a journal can be broken; for tests of the tests.
enum class JournalFault {
  kNone,
  kLosesSettles,   // settles are not written
  kConfirmsEarly,  // all counts as durable at once
  kDropsEarly,     // old records go before the new ones are durable
};

class SimulatedJournal {
 public:
  explicit SimulatedJournal(JournalFault fault = JournalFault::kNone) : fault_(fault) {}

  // What is wrong with these changes; empty: nothing.
  std::string Keep(const std::vector<Change>& changes);
  void Sync();
  // As far as peers may be told.
  uint64_t synced() const { return fault_ == JournalFault::kConfirmsEarly ? tail_ : synced_; }
  uint64_t tail() const { return tail_; }
  size_t size() const { return records_.size(); }
  // The machine has said that what lies before `needed` can go once all that it has said so far is
  // durable.
  void DropBefore(uint64_t needed);
  // The power fails: `last` is the last record that made it; not before what was synced.
  void Cut(uint64_t last);
  uint64_t durable() const { return synced_; }
  // All that is there, decoded. Fails when a record cannot be read.
  Result<std::vector<Change>> Read() const;

 private:
  const JournalFault fault_;
  std::deque<JournalRecord> records_;
  uint64_t tail_ = 0, synced_ = 0;
  uint64_t needed_ = 0, when_synced_ = 0;
  uint64_t settles_ = 0;
};

// The queues between which results of the changes' tasks flow.
std::set<std::pair<std::string, std::string>> FlowsIn(const std::vector<Change>& changes);

}  // namespace cohort
