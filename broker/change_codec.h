// Changes as records of the journal (schemas/journal.capnp), and back.
//
// Decoding is a boundary of trust as for a peer's bytes: whatever a file holds becomes a Change of
// valid ids and names or a Status, never an exception. Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "broker/journal/record.h"
#include "broker/machine/changes.h"
#include "libs/base/status.h"

namespace cohort {

JournalRecord EncodeChange(const Change& change);
// Copies what it keeps. `bodies` is what follows the head.
Result<Change> DecodeChange(uint64_t sequence, uint32_t type, std::string_view head,
                            std::string_view bodies);

}  // namespace cohort
