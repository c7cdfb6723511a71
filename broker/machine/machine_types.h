// What goes into and comes out of the queue machine besides its commands. Values.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "broker/machine/changes.h"
#include "libs/base/clock.h"
#include "libs/messaging/commands.h"

namespace cohort {

struct MachineConfig {
  uint64_t epoch = 1;    // of this broker's life; a restored one takes a higher one if it must
  bool durable = false;  // queues live on disk …
  std::vector<std::string> memory_queues;  // … but for these; "name*" names all that begin so
  Duration lease = Seconds(30);
  Duration session_grace = Seconds(3);  // a lost connection keeps its leases this long
  Duration silence = Seconds(6);        // a session unheard for this long has lost its connection
  Duration restart_grace = Seconds(2);  // nothing is delivered this long after the start
  Duration tick_gap = Seconds(2);       // a longer pause between ticks is added to every lease
  Duration retry_delay = Seconds(1);    // after the first failure; doubles with each further one
  Duration longest_retry_delay = Seconds(60);
  Duration tell_held_back = Seconds(1);  // a put that waits longer is told so
  uint32_t max_attempts = 3;             // of tasks that do not say themselves
  // Bounds of each queue: ready, leased and delayed tasks; accepted ones; dead letters.
  uint64_t queue_tasks = 100'000;
  uint64_t queue_bytes = uint64_t{1} << 30;
  uint64_t held_tasks = 200'000;
  uint64_t held_bytes = uint64_t{2} << 30;
  uint64_t remembered_ids = 1'000'000;  // … that are over and not below a floor
  uint64_t dead_tasks = 10'000;
  uint64_t dead_bytes = uint64_t{64} << 20;
  // What a session may have held back at a time (it is told half of it as its window).
  uint64_t waiting_tasks = 4096;
  uint64_t waiting_bytes = uint64_t{64} << 20;
  uint64_t queues = 1024;
  // Promises that are broken on purpose: only for tests that must notice (tests/faults).
  struct {
    bool no_fencing = false;  // a settle counts whoever sends it and however late
    bool no_dedupe = false;   // ids are forgotten as soon as their tasks are over
  } broken;
};

// An event for one session. The machine never asks for anything else.
struct Effect {
  SessionId session = 0;
  Event event;
  uint64_t after = 0;    // not to be sent before this change and all before it are durable
  bool patient = false;  // an answer that nobody waits for with his next step
};
// A connection that the session is rid of, to be told `why` if it still stands. Final: another
// process has taken the session's place.
struct SessionEnded {
  SessionId session = 0;
  std::string why;
  bool final = false;
};
struct Effects {
  std::vector<Effect> events;
  std::vector<SessionEnded> ended;
  std::vector<Change> changes;  // to be made durable, in this order
  void Clear() {
    events.clear();
    changes.clear();
    ended.clear();
  }
};

// For how long tasks were ready before their first delivery.
struct WaitTimes {
  // Upper bounds in seconds; the last count is of those beyond.
  static constexpr std::array<double, 14> kBounds = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3,  1,
                                                     3,     10,    30,   100,  300, 1000, 3600};
  std::array<uint64_t, kBounds.size() + 1> counts = {};
  double sum = 0;  // seconds
  void Add(Duration waited) {
    const double seconds = ToSeconds(waited);
    const auto* bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
    counts[static_cast<size_t>(bound - kBounds.begin())] += 1;
    sum += seconds;
  }
};

// Totals since the start; QueueStats has those that every process may ask for.
struct QueueTotals {
  uint64_t puts = 0;        // tasks that came to be, by put, emit and settle
  uint64_t known_puts = 0;  // … that were there already
  uint64_t deliveries = 0;
  uint64_t redeliveries = 0;
  uint64_t emits = 0;  // children put early by leases of this queue
  uint64_t settled = 0, dead = 0, expired = 0, cancelled = 0, purged = 0;
  uint64_t revived = 0;
  uint64_t failures = 0;  // attempts that counted
  uint64_t obituaries = 0;
  uint64_t stale_answers = 0;
  std::map<std::string, uint64_t> refused;  // by reason
  WaitTimes waits;
};

struct QueueSnapshot {
  QueueStats stats;
  QueueTotals totals;
  uint64_t held_back_puts = 0;
  uint64_t held_bytes = 0;  // of accepted tasks; part of stats.bytes
  std::string waits_at;     // the task that waits first, when the queue waits
};

struct MachineSnapshot {
  std::vector<QueueSnapshot> queues;
  std::map<Role, uint64_t> peers;  // connected sessions
  uint64_t sessions_in_grace = 0;
  uint64_t live_bytes = 0;       // of the journal, written once
  uint64_t unknown_answers = 0;  // verbs on leases that no queue knows
};

}  // namespace cohort
