// The processes of the fault harness: each runs until it is asked to stop and may be killed at any
// moment; started again with the same options it goes on from its history.
//
// Histories lie in the folder, one per instance; tests/faults/checker.py says what each line means.
#pragma once

#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/shutdown.h"
#include "libs/messaging/broker_client.h"
#include "tests/faults/history.h"
#include "tests/faults/workload.h"

namespace cohort::faults {

struct Options {
  std::string role, endpoint, instance, folder;
  std::string keys;      // the folder of the fleet's keys; empty: none are used
  uint64_t space = 1;    // of a producer's ids
  double rate = 100;     // puts per second of a producer
  uint64_t window = 64;  // puts that a producer leaves unanswered
  // The broker forgets its tasks when it dies: producers put again what has no effect yet, and the
  // sink tells doubles by itself.
  bool forgetful = false;

  std::string Path(const std::string& name) const { return folder + "/" + name; }
};

// What every role has.
struct Peer {
  const Options& options;
  Shutdown& shutdown;
  const Clock& clock;
  History history;
  std::unique_ptr<BrokerClient> client;

  // False, and noted, when the body is not that of its id.
  bool Check(Stage stage, const Delivery& delivery, Authors* authors);
  // Exit code 0, or 3 when the broker refuses us for good.
  int exit_code = 0;
  bool Refused(const BrokerEvent& event);
};

// Puts prompts, paced, until the file "stop" appears; remembers what was confirmed.
int RunProducer(Peer& peer);
// Takes prompts and puts samples, or takes samples and puts scores, now and then slowly, twice, or
// not at all.
int RunRelay(Peer& peer, Stage stage);
// Takes scores and obituaries; each has its effect in a checkpoint before it is settled.
int RunSink(Peer& peer);
// Prints the broker's queues as JSON.
int PrintStats(Peer& peer);

// "p", "r" or "s": a queue's name in histories.
inline std::string ShortName(const std::string& queue) { return queue.substr(0, 1); }
inline std::string IdText(const TaskId& id) {
  return std::to_string(id.space) + " " + std::to_string(id.cursor) + " " +
         std::to_string(id.index);
}
inline std::string TokenText(const LeaseToken& token) {
  return std::to_string(token.epoch) + " " + std::to_string(token.lease);
}

}  // namespace cohort::faults
