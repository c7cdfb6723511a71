// The body of /status: who waits for what, since when, and for which id. Values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace cohort {

struct Waiting {
  std::string for_what;      // "prompts", "scores of route slow", "the broker at ipc:///…"
  double since_seconds = 0;  // for how long already
  std::string id;            // the task waited for, or the oldest of them; empty: none
};

// A queue as the broker sees it; counts are tasks.
struct QueueStatus {
  std::string name;
  uint64_t ready = 0, leased = 0, accepted = 0, delayed = 0, dead = 0;
  uint64_t bytes = 0;
  uint64_t subscribers = 0;
  double oldest_age_seconds = 0;
  std::string waits_for;  // empty: for nothing
  double waits_since_seconds = 0;
  std::string phase;  // what the holder of a leased task does, the oldest's that tells; empty: none
  double phase_since_seconds = 0;
  std::string phase_of;  // that task
};

// A route as the learner sees it; counts are groups.
struct RouteStatus {
  std::string name;
  uint64_t share = 0;                         // of a step, at most
  uint64_t pending = 0, ready = 0;            // under way, and of those complete
  std::map<std::string, uint64_t> ends;       // by what became of them: "trained", "stale", …
  std::map<std::string, double> age_seconds;  // of the last groups, in parts: "reward", …; or none
  double age_publications = 0;
};

struct StatusReport {
  std::string state;  // one line: "decoding 3 groups", "training step 12"
  std::vector<Waiting> waiting;
  std::vector<QueueStatus> queues;           // the broker's
  std::map<std::string, uint64_t> ledger;    // the learner's: issued, pending, trained, stale, …
  std::vector<RouteStatus> routes;           // the learner's
  std::map<std::string, double> figures;     // "version", "step", "rows", …: anything numeric
  std::map<std::string, std::string> facts;  // "model", "endpoint", …

  std::string ToJson() const;
  // Missing parts stay empty; what is no JSON object, or has parts of other types, is refused.
  static Result<StatusReport> FromJson(std::string_view json);
};

}  // namespace cohort
