// An actor's end of weight publication: fetches what the learner offers.
//
// A thread of its own connects, says hello, learns what is offered, fetches chunks (never more than
// `chunks_in_flight` at once), stages them in memory of their own, checks the digest and hands the
// snapshot over. A publication that appears in the middle of a transfer supersedes it, but not
// twice in a row: a slow link still gets weights. The connection is watched (a ping a second); when
// the learner is silent, restarts or forgets us, the thread connects anew and goes on with what was
// already fetched. All methods are thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/messaging/key_pair.h"
#include "libs/weights/publication.h"

namespace cohort {

struct SubscriberCounters {
  uint64_t connects = 0;     // sockets opened
  uint64_t chunks = 0;       // received
  uint64_t bytes = 0;        // of chunks received
  uint64_t snapshots = 0;    // complete and checked
  uint64_t superseded = 0;   // given up in the middle for newer ones
  uint64_t mismatches = 0;   // complete, but with another digest than announced
  uint64_t refused = 0;      // messages that made no sense
  uint64_t quarantined = 0;  // verdicts against us
};

class WeightsSubscriber {
 public:
  struct Options {
    std::string endpoint;  // empty: wait for Connect
    std::string instance;  // "actor-1"
    uint32_t chunks_in_flight = 8;
    uint32_t chunk_bytes = 1u << 20;
    // What the model needs; offers of another layout are refused before a byte is fetched. Empty:
    // any layout.
    TensorManifest expected;
    const Clock* clock = nullptr;
    Duration ping_every = Seconds(1);
    Duration silence = Seconds(5);         // of the learner, before we connect anew
    std::optional<CurveClient> keys = {};  // needed where the learner is on another machine
  };

  // Returns before the connection stands.
  static Result<std::unique_ptr<WeightsSubscriber>> Start(const Options& options);
  virtual ~WeightsSubscriber() = default;  // says goodbye and stops the thread

  // The learner lives there (the broker says where). No effect when it is connected there already.
  virtual void Connect(const std::string& endpoint) = 0;

  // The next snapshot that arrived and was not taken; a newer one replaces an older one that nobody
  // took, except that the last one for evaluation is always handed over. Nothing when the time is
  // up. Zero polls.
  virtual std::optional<LoadedWeights> Take(Duration timeout) = 0;

  // These weights are in use: the learner counts them as delivered when the digest is right.
  virtual void Acknowledge(uint64_t version, const Digest& digest) = 0;
  // They cannot be used, and why in one line.
  virtual void Fail(uint64_t version, const std::string& reason) = 0;

  // Who waits for what, for people: "has version 7", "fetching version 8: 12 of 270 MB",
  // "waiting for the learner at … since 3 s".
  virtual std::string State() const = 0;
  virtual SubscriberCounters Counters() const = 0;
};

}  // namespace cohort
