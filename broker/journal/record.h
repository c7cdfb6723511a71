// What the journal keeps: numbered records whose content it does not read. Values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/messaging/body.h"

namespace cohort {

// Types below this one are the journal's own.
constexpr uint32_t kFirstRecordType = 16;
// Of one record: its head and its bodies together.
constexpr uint64_t kMaxRecordPayload = uint64_t{1} << 31;

struct JournalRecord {
  uint64_t sequence = 0;  // from 1, each one more than the record before it
  uint32_t type = kFirstRecordType;
  std::string head;
  std::vector<Body> bodies;  // written one after the other: their lengths are the head's business
  // False: written within 50 ms and durable with the next sync, which it does not ask for by
  // itself.
  bool sync = true;
  // Whoever sent it probably stands still until it is durable and then sends the next one: puts.
  bool awaited = false;
};

// A record as it is read back. The views live until the call that was given them returns.
struct RecoveredRecord {
  uint64_t sequence = 0;
  uint32_t type = 0;
  std::string_view head;
  std::string_view bodies;
};

}  // namespace cohort
