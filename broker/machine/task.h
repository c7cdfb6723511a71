// A live task inside the queue machine. Internal to the machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "broker/machine/machine_types.h"
#include "libs/base/clock.h"
#include "libs/messaging/commands.h"

namespace cohort {

class Queue;
struct Entry;

struct Task {
  Queue* queue = nullptr;
  Entry* entry = nullptr;  // in its queue
  TaskId id;
  Body body;
  uint8_t priority = 0;
  Queue* results = nullptr;     // may be null
  Queue* obituaries = nullptr;  // may be null
  uint32_t children = 0;
  uint32_t max_attempts = 0;
  Time put_at;
  Time deadline = Time::max();
  std::optional<Obituary> obituary;  // this task tells of another's end

  TaskState state = TaskState::kReady;
  uint64_t order = 0;  // of its put, over all queues; unique
  // The change of the step whose result it is: it is not delivered before that is durable. 0: it
  // is durable, or a producer put it: its settle cannot become durable before its put.
  uint64_t rests_on = 0;
  bool delivered = false;            // at least once
  uint32_t failures = 0;             // attempts that counted
  std::vector<std::string> reasons;  // of those
  std::vector<TaskId> emitted;       // children that exist
  SessionId failed_by = 0;           // the last session that failed or lost it; 0: none

  // While leased or accepted.
  SessionId holder = 0;
  LeaseKey lease;
  bool started = false;
  bool restored_as_accepted = false;  // of a lease from the journal, until the machine starts
  Time lease_ends;                    // in lease time; not for accepted ones
  // While delayed.
  Time ready_at;
};

}  // namespace cohort
